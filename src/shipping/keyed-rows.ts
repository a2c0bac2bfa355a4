import { type Row, type Table, tables } from '../projection/tables.ts';
import type { BufferPool } from './buffer-pool.ts';
import { CopyBuffer } from './copy-buffer.ts';
import { encodeRow } from './copy-encoder.ts';
import { KeyIndex } from './key-index.ts';

/** Rows of one table, apart by what has to be done with them. */
export interface ApartRows {
  /** Rows whose key is new, if their journals tell everything. */
  readonly fresh: CopyBuffer | undefined;
  /** Rows that may move others forward. */
  readonly moving: CopyBuffer | undefined;
  /** Some of `moving` tell too little to make a row of their own. */
  readonly hasPartialRows: boolean;
}

const expectedBytes = 64 * 1024;

/**
 * Collects encoded rows of an upserted table and makes one of all that have the same key, as `mergeRows` does: the highest
 * version wins, what it does not tell is filled from the next lower one. The columns of the key are the first ones of the table.
 */
export class KeyedRows {
  readonly #table: Table;
  readonly #wholeMask: number;
  readonly #earliest: number;
  readonly #buffers: BufferPool;
  /** The rows one after another. */
  readonly #rows: CopyBuffer;
  readonly #index: KeyIndex;
  /** By row: where it begins; its version; which columns it does not tell; the one before it with the same key or -1. */
  readonly #starts: number[] = [];
  readonly #versions: number[] = [];
  readonly #absent: number[] = [];
  readonly #previous: number[] = [];
  /** By key: the last row; whether one of the rows is the first there ever was. */
  readonly #last: number[] = [];
  readonly #isFresh: boolean[] = [];
  /** Where the last row ends. */
  #end = 0;

  /** `whole`: a column that only whole rows tell; `earliest`: one of which the smallest value counts. */
  constructor(
    table: Table,
    buffers: BufferPool,
    options: { readonly whole?: string; readonly earliest?: string } = {},
  ) {
    // One bit for each column, and the sign has a meaning of its own.
    if (table.columns.length > mostColumns) throw new RangeError(`${table.name} has more than ${mostColumns} columns.`);
    this.#table = table;
    this.#buffers = buffers;
    this.#rows = new CopyBuffer(expectedBytes, buffers);
    this.#index = new KeyIndex(this.#rows);
    this.#wholeMask = options.whole === undefined ? 0 : 1 << columnIndex(table, options.whole);
    this.#earliest = options.earliest === undefined ? -1 : columnIndex(table, options.earliest);
  }

  /** Where the next row goes; `add` or `abandon` follows. */
  get rows(): CopyBuffer {
    return this.#rows;
  }

  /**
   * Takes the row that was written since the last one. `absent` has one bit for each column that it does not tell, the first column
   * lowest; `isFirst` says that it is the first of its key that there ever was, as far as its journal knows.
   */
  add(version: number, absent: number, isFirst: boolean): void {
    const start = this.#end;
    const row = this.#starts.push(start) - 1;
    this.#versions.push(version);
    this.#absent.push(absent);
    this.#end = this.#rows.length;
    const group = this.#index.groupOf(start + rowHeadBytes, this.#cellAt(start, this.#table.key.length));
    this.#previous.push(this.#last[group] ?? -1);
    this.#last[group] = row;
    this.#isFresh[group] = isFirst || this.#isFresh[group] === true;
  }

  /** Takes back what was written since the last row. */
  abandon(): void {
    this.#rows.truncate(this.#end);
  }

  /** Adds a row that is not encoded yet. @throws CopyEncodingError */
  addRow({ values }: Row): void {
    encodeRow(this.#rows, this.#table, values);
    let absent = 0;
    for (const [index, { name }] of this.#table.columns.entries()) if (values[name] === undefined) absent |= 1 << index;
    this.add(Number(values.version ?? 0), absent, false);
  }

  /** One row for each key. Nothing can be added afterwards. */
  finish(): ApartRows {
    const fresh = new CopyBuffer(this.#rows.length, this.#buffers);
    const moving = new CopyBuffer(expectedBytes, this.#buffers);
    fresh.begin();
    moving.begin();
    let hasPartialRows = false;
    for (let group = 0; group < this.#last.length; group += 1) {
      const isFresh = this.#isFresh[group] === true;
      const missing = this.#merge(this.#last[group] ?? 0, isFresh ? fresh : moving);
      hasPartialRows ||= !isFresh && (missing & this.#wholeMask) !== 0;
    }
    this.#rows.release();
    return { fresh: ended(fresh), moving: ended(moving), hasPartialRows };
  }

  /** Writes one row of all that have the key of `last`, and answers which columns nobody tells. */
  #merge(last: number, into: CopyBuffer): number {
    if ((this.#previous[last] ?? -1) < 0) {
      this.#copy(last, into);
      return this.#absent[last] ?? 0;
    }
    const rows = this.#highestFirst(last);
    const tellers: number[] = [];
    let missing = allColumns;
    for (const row of rows) {
      const untold = this.#absent[row] ?? 0;
      if ((missing & ~untold) !== 0) tellers.push(row);
      missing &= untold;
    }
    const earliest = this.#earliest < 0 ? rows[0] : this.#earliestOf(rows);
    if (tellers.length === 1 && earliest === rows[0]) this.#copy(rows[0] ?? last, into);
    else this.#compose(tellers, earliest, into);
    return missing;
  }

  /** Rows with the key of `last` by version; of equal ones the later comes first. */
  #highestFirst(last: number): readonly number[] {
    const rows: number[] = [];
    for (let row = last; row >= 0; row = this.#previous[row] ?? -1) {
      // They come in order as a rule.
      let place = rows.length;
      while (place > 0 && (this.#versions[rows[place - 1] ?? 0] ?? 0) < (this.#versions[row] ?? 0)) place -= 1;
      if (place === rows.length) rows.push(row);
      else rows.splice(place, 0, row);
    }
    return rows;
  }

  #copy(row: number, into: CopyBuffer): void {
    into.encoded(this.#rows.bytes, this.#starts[row] ?? 0, this.#starts[row + 1] ?? this.#end);
  }

  /** Column by column from the first row that tells it. */
  #compose(tellers: readonly number[], earliest: number | undefined, into: CopyBuffer): void {
    const cursors = tellers.map((row) => this.#cellAt(this.#starts[row] ?? 0, 0));
    into.beginRow(this.#table.columns.length);
    for (let column = 0; column < this.#table.columns.length; column += 1) {
      const teller = tellers.findIndex((row) => ((this.#absent[row] ?? 0) & (1 << column)) === 0);
      const isEarliest = column === this.#earliest && earliest !== undefined;
      const from = isEarliest ? this.#cellAt(this.#starts[earliest] ?? 0, column) : (cursors[Math.max(0, teller)] ?? 0);
      into.encoded(this.#rows.bytes, from, this.#rows.cellEnd(from));
      for (let index = 0; index < cursors.length; index += 1) cursors[index] = this.#rows.cellEnd(cursors[index] ?? 0);
    }
  }

  /** The row with the smallest value in the column of which the smallest counts. */
  #earliestOf(rows: readonly number[]): number | undefined {
    let [best, least]: [number | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const row of rows) {
      if (((this.#absent[row] ?? 0) & (1 << this.#earliest)) !== 0) continue;
      const value = this.#rows.bigintAt(this.#cellAt(this.#starts[row] ?? 0, this.#earliest));
      if (value < least) [best, least] = [row, value];
    }
    return best;
  }

  /** Where the cell of a column begins in a row. */
  #cellAt(start: number, column: number): number {
    let at = start + rowHeadBytes;
    for (let index = 0; index < column; index += 1) at = this.#rows.cellEnd(at);
    return at;
  }
}

/** Rows for each table that has keys. */
export function createKeyedRows(buffers: BufferPool) {
  return {
    task_progress: new KeyedRows(tables.task_progress, buffers, { whole: 'step_name', earliest: 'created_at' }),
    import_sessions: new KeyedRows(tables.import_sessions, buffers),
    import_items: new KeyedRows(tables.import_items, buffers),
  };
}

/** A 32-bit mask has a bit for each; a test holds the tables against it before a column too many is merged. */
export const mostColumns = 31;
/** As a mask of columns. */
const allColumns = -1;
/** The number of columns stands in front of a row. */
const rowHeadBytes = 2;

function columnIndex(table: Table, name: string): number {
  const index = table.columns.findIndex((column) => column.name === name);
  if (index < 0) throw new RangeError(`${table.name} has no column ${name}.`);
  return index;
}

function ended(buffer: CopyBuffer): CopyBuffer | undefined {
  if (buffer.length === CopyBuffer.headBytes) {
    buffer.release();
    return undefined;
  }
  buffer.end();
  return buffer;
}
