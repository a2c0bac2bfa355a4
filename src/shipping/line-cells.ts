import { type RecordField, type RecordScan, recordFields, scanned } from '../journal/record-scan.ts';
import type { CopyBuffer } from './copy-buffer.ts';

/** One line of a journal while its rows are made: its bytes, what the scan found in them, and whose they are. */
export interface ScannedLine {
  readonly scan: RecordScan;
  readonly bytes: Buffer;
  /** Texts of the journal's owner. */
  readonly service: Uint8Array;
  readonly instance: Uint8Array;
}

/**
 * Writes one cell of a row. `told`: with what the line tells; `absent`: as null, since it tells nothing. `unfit`: the value needs
 * more care than bytes can be given, and the record goes the long way.
 */
export type CellWriter = (into: CopyBuffer, line: ScannedLine) => CellOutcome;

export const told = 1;
export const absent = 0;
export const unfit = -1;
export type CellOutcome = typeof told | typeof absent | typeof unfit;

/** A text, or the text of a jsonb. */
export function text(field: RecordField, kind: 'text' | 'jsonb' = 'text'): CellWriter {
  const index = recordFields[field];
  return (into, { scan, bytes }) => {
    const from = scan.starts[index] ?? 0;
    const to = scan.ends[index] ?? 0;
    switch (scan.kinds[index]) {
      case scanned.text:
        into.textBytes(kind, bytes, from, to);
        return told;
      case scanned.escaped:
        return into.jsonString(kind, bytes, from, to) ? told : unfit;
      default:
        return missing(into);
    }
  };
}

/** A list or an object that becomes jsonb as it stands. */
export function json(field: RecordField): CellWriter {
  const index = recordFields[field];
  return (into, { scan, bytes }) => {
    if (scan.kinds[index] === scanned.absent) return missing(into);
    const from = scan.starts[index] ?? 0;
    const to = scan.ends[index] ?? 0;
    if (bytes.subarray(from, to).includes(escapeSign)) return unfit;
    into.textBytes('jsonb', bytes, from, to);
    return told;
  };
}

export function uuid(field: RecordField): CellWriter {
  const index = recordFields[field];
  return (into, { scan, bytes }) => {
    if (scan.kinds[index] !== scanned.text) return unfit;
    return into.uuid(bytes, scan.starts[index] ?? 0, scan.ends[index] ?? 0) ? told : unfit;
  };
}

/** A number, written by one of the number methods of the buffer. Told as `otherwise` where the line does not tell it. */
export function number(
  field: RecordField,
  type: 'integer' | 'bigint' | 'timestamp' | 'double',
  otherwise?: number,
): CellWriter {
  return (into, line) => {
    const value = numberOf(line, field) ?? otherwise;
    if (value === undefined) return missing(into);
    return Number.isNaN(value) || into[type](value) === false ? unfit : told;
  };
}

/** Of two fields the first that the line tells. */
export function firstNumber(fields: readonly [RecordField, RecordField], type: 'bigint'): CellWriter {
  const [one, other] = fields;
  return (into, line) => {
    const value = numberOf(line, one) ?? numberOf(line, other);
    if (value === undefined) return missing(into);
    return into[type](value) ? told : unfit;
  };
}

/** Milliseconds between two times. */
export function millisBetween(from: RecordField, to: RecordField): CellWriter {
  return (into, line) => {
    const start = numberOf(line, from);
    const end = numberOf(line, to);
    if (start === undefined || end === undefined) return unfit;
    into.double((end - start) / 1_000);
    return told;
  };
}

/** The service that the line names, else the owner of the journal. */
export function service(): CellWriter {
  const own = text('service');
  return (into, line) => {
    if (line.scan.kinds[recordFields.service] !== scanned.absent) return own(into, line);
    into.textBytes('text', line.service, 0, line.service.length);
    return told;
  };
}

export function instance(): CellWriter {
  return (into, { instance: id }) => {
    into.textBytes('text', id, 0, id.length);
    return told;
  };
}

export function constant(value: string): CellWriter {
  const bytes = Buffer.from(value);
  return (into) => {
    into.textBytes('text', bytes, 0, bytes.length);
    return told;
  };
}

/** Nothing, and it says so: null takes the place of what was there. */
export const nothing: CellWriter = (into) => {
  into.null();
  return told;
};

/** A number of the line; NaN where there is something else. */
export function numberOf({ scan, bytes }: ScannedLine, field: RecordField): number | undefined {
  const index = recordFields[field];
  const kind = scan.kinds[index];
  if (kind === scanned.absent) return undefined;
  if (kind !== scanned.number) return Number.NaN;
  const to = scan.ends[index] ?? 0;
  const from = scan.starts[index] ?? 0;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return Number(bytes.toString('latin1', from, to));
    value = value * 10 + digit;
  }
  // A sum of digits is exact up to here.
  return value <= Number.MAX_SAFE_INTEGER ? value : Number(bytes.toString('latin1', from, to));
}

/** Finds out, without making a text, which of a few names a field holds: its place among them, or -1. */
export function oneOf(names: readonly string[]): (line: ScannedLine, field: RecordField) => number {
  const known = names.map((name) => Buffer.from(name, 'latin1'));
  return ({ scan, bytes }, field) => {
    const index = recordFields[field];
    if (scan.kinds[index] !== scanned.text) return -1;
    const start = scan.starts[index] ?? 0;
    const length = (scan.ends[index] ?? 0) - start;
    for (let place = 0; place < known.length; place += 1) {
      const name = known[place];
      if (name?.length === length && isAt(bytes, start, name)) return place;
    }
    return -1;
  };
}

/** Whether a field begins with `prefix`. */
export function beginsWith({ scan, bytes }: ScannedLine, field: RecordField, prefix: Uint8Array): boolean {
  const index = recordFields[field];
  if (scan.kinds[index] === scanned.absent) return false;
  const start = scan.starts[index] ?? 0;
  return (scan.ends[index] ?? 0) - start >= prefix.length && isAt(bytes, start, prefix);
}

function isAt(bytes: Buffer, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

const escapeSign = 92;

function missing(into: CopyBuffer): CellOutcome {
  into.null();
  return absent;
}
