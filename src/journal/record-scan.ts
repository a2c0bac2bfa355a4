import { checksumBytes } from './frame-buffer.ts';
import { fieldKinds } from './record-encoder.ts';

/** A member of a record in the journal. */
export type RecordField = keyof typeof fieldKinds;

const fieldNames = Object.keys(fieldKinds) as readonly RecordField[];

/** The number of each field. */
export const recordFields = Object.fromEntries(fieldNames.map((name, index) => [name, index])) as Readonly<
  Record<RecordField, number>
>;

/** What the value of a field is, as it stands in the line. */
export const scanned = {
  absent: 0,
  /** A text without escapes: its bytes are the text's. */
  text: 1,
  /** A text with escapes. */
  escaped: 2,
  number: 3,
  /** An object or a list, as JSON. */
  json: 4,
} as const;

const heads = (['start', 'end', 'event', 'request'] as const).map((type) => ({
  type,
  bytes: Buffer.from(`{"type":"${type}"`, 'latin1'),
}));
type RecordType = (typeof heads)[number]['type'];

const quote = 34;
const comma = 44;
const backslash = 92;

/**
 * Finds the members of one line of the journal, without decoding them: a line's JSON is as `RecordEncoder` writes it, so one pass
 * over its bytes does, at a fraction of what `JSON.parse` costs (`bench/journal.js`). Anything else is left to `decodeRecord`.
 * One scan is used again for the next line.
 */
export class RecordScan {
  /** What each field holds, by `recordFields`. */
  readonly kinds = new Uint8Array(fieldNames.length);
  /** Where its value begins and ends; of a text, inside the quotes. */
  readonly starts = new Int32Array(fieldNames.length);
  readonly ends = new Int32Array(fieldNames.length);
  type: RecordType = 'event';
  /** The field that came behind each field, and behind the head of each type, the last time. */
  readonly #following = new Int8Array(fieldNames.length + heads.length).fill(-1);
  #last = 0;

  /** Scans a whole line; `false`, if it is not what `RecordEncoder` writes or no whole record. */
  scan(bytes: Buffer, start: number, end: number): boolean {
    this.kinds.fill(scanned.absent);
    const last = end - 2;
    let at = this.#head(bytes, start + checksumBytes);
    while (at > 0 && bytes[at] === comma) at = this.#member(bytes, at + 1, last);
    return at === last && bytes[at] === closingBrace && this.#isRecord();
  }

  #isRecord(): boolean {
    return this.kinds[recordFields.at] === scanned.number && this.kinds[recordFields.traceId] === scanned.text;
  }

  /** Where the members behind `type` begin, or -1. */
  #head(bytes: Buffer, at: number): number {
    for (let index = 0; index < heads.length; index += 1) {
      const head = heads[index];
      if (head === undefined || !isAt(bytes, at, head.bytes)) continue;
      this.type = head.type;
      this.#last = fieldNames.length + index;
      return at + head.bytes.length;
    }
    return -1;
  }

  /** Takes the member at `at` and answers where it ends, or -1. What came after the last member the last time is tried first. */
  #member(bytes: Buffer, at: number, limit: number): number {
    if (bytes[at] !== quote) return -1;
    const expected = this.#following[this.#last] ?? -1;
    const key = keyBytes[expected];
    if (key !== undefined && isAt(bytes, at + 1, key) && this.kinds[expected] === scanned.absent) {
      this.#last = expected;
      return this.#value(bytes, at + 1 + key.length, limit, expected);
    }
    return this.#unexpected(bytes, at, limit);
  }

  #unexpected(bytes: Buffer, at: number, limit: number): number {
    let end = at + 1;
    let hash = 0;
    for (let byte = bytes[end] ?? quote; byte !== quote && end < limit; byte = bytes[end] ?? quote) {
      hash = (hash * hashFactor + byte) & hashMask;
      end += 1;
    }
    const field = fieldByHash[hash] ?? -1;
    const key = keyBytes[field];
    if (key === undefined || !isAt(bytes, at + 1, key) || this.kinds[field] !== scanned.absent) return -1;
    this.#following[this.#last] = field;
    this.#last = field;
    return this.#value(bytes, at + 1 + key.length, limit, field);
  }

  #value(bytes: Buffer, start: number, limit: number, field: number): number {
    const first = bytes[start] ?? 0;
    if (isText[field] === 1) return first === quote ? this.#text(bytes, start + 1, limit, field) : -1;
    if (isNumeric(first)) return this.#number(bytes, start, field);
    return first === openingBrace || first === openingBracket ? this.#nested(bytes, start, limit, field) : -1;
  }

  #text(bytes: Buffer, start: number, limit: number, field: number): number {
    let end = start;
    let kind: number = scanned.text;
    for (let byte = bytes[end] ?? quote; byte !== quote; byte = bytes[end] ?? quote) {
      if (byte === backslash) {
        kind = scanned.escaped;
        end += 1;
      }
      end += 1;
      if (end >= limit) return -1;
    }
    return this.#found(field, kind, start, end) + 1;
  }

  #number(bytes: Buffer, start: number, field: number): number {
    let end = start + 1;
    while (isNumeric(bytes[end] ?? 0)) end += 1;
    return this.#found(field, scanned.number, start, end);
  }

  /** An object or a list: to its last bracket, leaving out those in texts. */
  #nested(bytes: Buffer, start: number, limit: number, field: number): number {
    let depth = 0;
    let isInText = false;
    for (let at = start; at < limit; at += 1) {
      const byte = bytes[at] ?? 0;
      if (isInText && byte === backslash) at += 1;
      else if (byte === quote) isInText = !isInText;
      else if (!isInText) {
        if (byte === openingBrace || byte === openingBracket) depth += 1;
        if (byte === closingBrace || byte === closingBracket) depth -= 1;
        if (depth === 0) return this.#found(field, scanned.json, start, at + 1);
      }
    }
    return -1;
  }

  #found(field: number, kind: number, start: number, end: number): number {
    this.kinds[field] = kind;
    this.starts[field] = start;
    this.ends[field] = end;
    return end;
  }
}

const openingBrace = 123;
const closingBrace = 125;
const openingBracket = 91;
const closingBracket = 93;

/** Digits, sign, point and exponent. */
function isNumeric(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || byte === 45 || byte === 46 || byte === 43 || byte === 101 || byte === 69;
}

function isAt(bytes: Buffer, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** `name":` */
const keyBytes = fieldNames.map((name) => Buffer.from(`${name}":`, 'latin1'));
const isText = Uint8Array.from(fieldNames, (name) => (fieldKinds[name] === 'text' ? 1 : 0));

const hashMask = 0x3ff;
const hashFactor = findHashFactor();
const fieldByHash = new Int8Array(hashMask + 1).fill(-1);
for (const [index, name] of fieldNames.entries()) fieldByHash[hashOf(name, hashFactor)] = index;

/** A factor under which no two names have the same hash. */
function findHashFactor(): number {
  for (let factor = 3; ; factor += 2) {
    if (new Set(fieldNames.map((name) => hashOf(name, factor))).size === fieldNames.length) return factor;
  }
}

function hashOf(name: string, factor: number): number {
  return Buffer.from(name, 'latin1').reduce((hash, byte) => (hash * factor + byte) & hashMask, 0);
}
