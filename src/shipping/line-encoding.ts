import { setImmediate } from 'node:timers/promises';
import { jsonOf } from '../journal/frame.ts';
import { decodeRecord } from '../journal/record-decoder.ts';
import { type RecordField, RecordScan, recordFields, scanned } from '../journal/record-scan.ts';
import { type DamagedBytes, excerpt, type SegmentLines } from '../journal/segment-lines.ts';
import type { JournalOwner } from '../projection/record.ts';
import { rowsOf } from '../projection/rows.ts';
import { type Row, type TableName, tables } from '../projection/tables.ts';
import { BufferPool } from './buffer-pool.ts';
import { CopyBuffer } from './copy-buffer.ts';
import { encodeRow } from './copy-encoder.ts';
import { createKeyedRows, type KeyedRows } from './keyed-rows.ts';
import { numberOf, oneOf, type ScannedLine } from './line-cells.ts';
import { auditPlan, endPlan, itemMove, type RowPlan, requestPlan, startPlan, writeCells } from './line-rows.ts';
import { PartitionNeeds } from './partition-months.ts';
import type { EncodedRows, EncodedTable } from './row-encoding.ts';
import { toStorableText } from './storable-copy.ts';

/** The rows of a stretch, ready for COPY. */
export interface EncodedLines extends EncodedRows {
  readonly records: number;
  /** What is damaged in the stretch, in order: lines whose checksum does not fit, and those that hold no record. */
  readonly damaged: readonly DamagedBytes[];
  /** Gives the memory of the rows back, once nobody reads them any more. */
  release(): void;
}

/**
 * Makes the rows of all lines of a stretch, encoded and merged. Nearly every line goes from its bytes to those of its rows without
 * becoming an object, which takes a fifth of the time; the others go through `rowsOf`. Every few hundred lines it lets others have
 * the thread: a database that waits for its next statement until a whole stretch is encoded stands still for a third of the time.
 *
 * @throws CopyEncodingError when a value does not fit its column; then the records have to be looked at one by one.
 */
export async function encodeLines(lines: SegmentLines, buffers = new BufferPool()): Promise<EncodedLines> {
  const encoder = new LineEncoder(lines, buffers);
  const count = lines.starts.length;
  for (let first = 0; first < count; first += linesPerTurn) {
    if (first > 0) await setImmediate();
    encoder.encode(first, Math.min(first + linesPerTurn, count));
  }
  return encoder.finish();
}

/** A millisecond or two of work. */
const linesPerTurn = 256;

type AppendedTable = 'audit_log' | 'api_logs';

class LineEncoder {
  readonly #lines: SegmentLines;
  readonly #line: ScannedLine;
  readonly #scan = new RecordScan();
  readonly #appended: Readonly<Record<AppendedTable, CopyBuffer>>;
  readonly #keyed: ReturnType<typeof createKeyedRows>;
  readonly #written: CopyBuffer[] = [];
  readonly #needs = new PartitionNeeds();
  readonly #damaged: DamagedBytes[];
  #records = 0;

  constructor(lines: SegmentLines, buffers: BufferPool) {
    const { bytes, owner, damaged } = lines;
    this.#lines = lines;
    this.#damaged = [...damaged];
    this.#line = { scan: this.#scan, bytes, service: textOf(owner, 'service'), instance: textOf(owner, 'instanceId') };
    this.#keyed = createKeyedRows(buffers);
    this.#appended = { audit_log: new CopyBuffer(bytes.length, buffers), api_logs: new CopyBuffer(0, buffers) };
    this.#appended.audit_log.begin();
    this.#appended.api_logs.begin();
  }

  encode(first: number, end: number): void {
    const { bytes, starts, ends } = this.#lines;
    for (let index = first; index < end; index += 1) {
      const from = starts[index] ?? 0;
      const to = ends[index] ?? 0;
      if (this.#scan.scan(bytes, from, to) && this.#encodeScanned()) this.#records += 1;
      else this.#encodeDecoded(from, to);
    }
  }

  finish(): EncodedLines {
    this.#damaged.sort((one, other) => one.start - other.start);
    const written = this.#written;
    const release = () => {
      for (const buffer of written.splice(0)) buffer.release();
    };
    return { tables: this.#tables(), needs: this.#needs, records: this.#records, damaged: this.#damaged, release };
  }

  /** `false`, with nothing written, where bytes do not suffice. */
  #encodeScanned(): boolean {
    switch (this.#scan.type) {
      case 'start':
        return this.#unit(startPlan, true);
      case 'end':
        return this.#unit(endPlan, false);
      case 'request':
        return this.#append('api_logs', requestPlan);
      case 'event':
        return this.#event();
      default:
        return this.#scan.type satisfies never;
    }
  }

  #append(table: AppendedTable, plan: RowPlan): boolean {
    const into = this.#appended[table];
    const start = into.length;
    into.beginRow(plan.length);
    if (writeCells(into, plan, this.#line) < 0) {
      into.truncate(start);
      return false;
    }
    this.#needs.add(table, numberOf(this.#line, 'at') ?? Number.NaN);
    return true;
  }

  #unit(plan: RowPlan, isFirst: boolean): boolean {
    const version = numberOf(this.#line, 'version') ?? 0;
    return this.#keep(this.#keyed.task_progress, plan, version, isFirst);
  }

  /** What moves sessions or progress is rare, and goes the long way. */
  #event(): boolean {
    const unit = unitOf(this.#line, 'unit');
    if (unit === sessionUnit || this.#tells('done') || this.#tells('waitingUntil')) return false;
    const { audit_log: audit } = this.#appended;
    const start = audit.length;
    if (!this.#append('audit_log', auditPlan)) return false;
    if (unit !== itemUnit || this.#item()) return true;
    audit.truncate(start);
    return false;
  }

  #item(): boolean {
    const move = itemMove(this.#line);
    if (move === undefined || !this.#tells('sessionId') || !this.#tells('itemId')) return true;
    const version = numberOf(this.#line, 'version') ?? numberOf(this.#line, 'at') ?? 0;
    const isFirst = move.begins && (numberOf(this.#line, 'attempt') ?? 1) === 1;
    return this.#keep(this.#keyed.import_items, move.plan, version, isFirst);
  }

  #keep(rows: KeyedRows, plan: RowPlan, version: number, isFirst: boolean): boolean {
    rows.rows.beginRow(plan.length);
    const absent = writeCells(rows.rows, plan, this.#line);
    if (absent < 0) rows.abandon();
    else rows.add(version, absent, isFirst);
    return absent >= 0;
  }

  #encodeDecoded(start: number, end: number): void {
    const { bytes, base, owner } = this.#lines;
    const record = decodeRecord(jsonOf(bytes, { start, end, isWhole: true }));
    if (typeof record === 'string') {
      this.#damaged.push({ start: base + start, end: base + end, reason: record, bytes: excerpt(bytes, start, end) });
      return;
    }
    for (const row of rowsOf(record, owner)) this.#encodeRow(row);
    this.#records += 1;
  }

  #encodeRow(row: Row): void {
    const { table, values } = row;
    if (table !== 'audit_log' && table !== 'api_logs') {
      this.#keyed[table].addRow(row);
      return;
    }
    encodeRow(this.#appended[table], tables[table], values);
    this.#needs.add(table, Number(values.created_at));
  }

  /** In the order in which every shipper takes its locks. */
  #tables(): readonly EncodedTable[] {
    return Object.values(tables).flatMap(({ name }) =>
      name === 'audit_log' || name === 'api_logs' ? this.#appendedTo(name) : this.#apart(name),
    );
  }

  #appendedTo(table: AppendedTable): readonly EncodedTable[] {
    const rows = this.#appended[table];
    this.#written.push(rows);
    if (rows.length === CopyBuffer.headBytes) return [];
    rows.end();
    return [{ table, data: rows.toBytes(), isFresh: false, hasPartialRows: false }];
  }

  #apart(table: Exclude<TableName, AppendedTable>): readonly EncodedTable[] {
    const { fresh, moving, hasPartialRows } = this.#keyed[table].finish();
    const parts = [
      { rows: fresh, isFresh: true, hasPartialRows: false },
      { rows: moving, isFresh: false, hasPartialRows },
    ];
    return parts.flatMap(({ rows, ...part }) => {
      if (rows === undefined) return [];
      this.#written.push(rows);
      return [{ table, data: rows.toBytes(), ...part }];
    });
  }

  #tells(field: RecordField): boolean {
    return this.#scan.kinds[recordFields[field]] !== scanned.absent;
  }
}

const sessionUnit = 0;
const itemUnit = 1;
const unitOf = oneOf(['session', 'item']);

/** A text of the owner's as bytes that Postgres can hold. */
function textOf(owner: JournalOwner, name: 'service' | 'instanceId'): Uint8Array {
  return Buffer.from(toStorableText(owner[name]));
}
