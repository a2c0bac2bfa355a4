import type { Cell, Column, ColumnType, Row, Table } from '../projection/tables.ts';
import { toStorableJson, toStorableText } from './storable-copy.ts';

/** A value that its column cannot take; the row is refused before the database sees it. */
export class CopyEncodingError extends Error {
  override readonly name = 'CopyEncodingError';
  /** SQLSTATE the database would have answered with. */
  readonly code: string;

  constructor(code: string, table: string, column: string, problem: string) {
    super(`${table}.${column}: ${problem}`);
    this.code = code;
  }
}

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailerBytes = 2;
/** Bytes set aside for a row at first; the buffer doubles when they do not suffice. */
const expectedRowBytes = 512;
/** Widest value of a type of fixed length, its length word included. */
const fixedBytes = 20;
/** UTF-8 bytes per UTF-16 unit at most. */
const maxBytesPerUnit = 3;
const nullLength = -1;

/**
 * Encodes rows in Postgres' binary COPY format, columns in the order of `table.columns`.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 *
 * Text that Postgres cannot hold (NUL, a lone surrogate) is replaced by U+FFFD on the way.
 *
 * @throws CopyEncodingError when a value does not fit its column.
 */
export function encodeCopy(table: Table, rows: readonly Row[]): Uint8Array {
  const encoder = new CopyBuffer(rows.length * expectedRowBytes);
  for (const row of rows) encoder.row(table, row.values);
  return encoder.finish();
}

class CopyBuffer {
  #bytes: Buffer;
  #at: number;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(capacity, 4096));
    this.#at = signature.copy(this.#bytes);
  }

  row(table: Table, values: Readonly<Record<string, Cell | undefined>>): void {
    this.#reserve(2);
    this.#at = this.#bytes.writeInt16BE(table.columns.length, this.#at);
    for (const column of table.columns) {
      const value = values[column.name];
      if (value === undefined || value === null) this.#null();
      else this.#value(table, column, value);
    }
  }

  finish(): Uint8Array {
    this.#reserve(trailerBytes);
    this.#at = this.#bytes.writeInt16BE(-1, this.#at);
    return this.#bytes.subarray(0, this.#at);
  }

  #null(): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32BE(nullLength, this.#at);
  }

  #value(table: Table, column: Column, value: Exclude<Cell, null>): void {
    switch (column.type) {
      case 'text':
        this.#text(toStorableText(String(value)), 0);
        break;
      case 'jsonb':
        this.#text(toStorableJson(String(value)), 1);
        break;
      case 'uuid':
        this.#uuid(table, column, String(value));
        break;
      default:
        this.#number(table, column, column.type, Number(value));
    }
  }

  /** The length word is written behind the text, once its bytes are counted. jsonb begins with the number of its format, 1. */
  #text(value: string, format: number): void {
    const head = format === 0 ? 4 : 5;
    this.#reserve(head + value.length * maxBytesPerUnit);
    const start = this.#at + head;
    const length = this.#bytes.write(value, start, 'utf8');
    this.#bytes.writeInt32BE(length + head - 4, this.#at);
    if (format !== 0) this.#bytes[start - 1] = format;
    this.#at = start + length;
  }

  #uuid(table: Table, column: Column, value: string): void {
    const hex = value.length === 32 ? value : value.replaceAll('-', '');
    this.#reserve(fixedBytes);
    this.#at = this.#bytes.writeInt32BE(16, this.#at);
    const written = hex.length === 32 ? this.#bytes.write(hex, this.#at, 16, 'hex') : 0;
    if (written !== 16) throw new CopyEncodingError('22P02', table.name, column.name, 'not a uuid');
    this.#at += 16;
  }

  #number(table: Table, column: Column, type: Exclude<ColumnType, 'text' | 'jsonb' | 'uuid'>, value: number): void {
    this.#reserve(fixedBytes);
    const fits = type === 'double precision' || isIntegerOf(type, value);
    if (!fits) throw new CopyEncodingError('22003', table.name, column.name, `${value} is out of range for ${type}`);
    if (type === 'integer') {
      this.#at = this.#bytes.writeInt32BE(4, this.#at);
      this.#at = this.#bytes.writeInt32BE(value, this.#at);
      return;
    }
    this.#at = this.#bytes.writeInt32BE(8, this.#at);
    if (type === 'double precision') this.#at = this.#bytes.writeDoubleBE(value, this.#at);
    else this.#int64(type === 'timestamptz' ? value - postgresEpochMicros : value);
  }

  #int64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#at = this.#bytes.writeInt32BE(high, this.#at);
    this.#at = this.#bytes.writeUInt32BE(value - high * 0x1_0000_0000, this.#at);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Postgres counts microseconds from 2000-01-01. */
const postgresEpochMicros = Date.UTC(2000, 0, 1) * 1000;
const maxInt32 = 0x7fff_ffff;

function isIntegerOf(type: 'integer' | 'bigint' | 'timestamptz', value: number): boolean {
  if (type === 'integer') return Number.isInteger(value) && value <= maxInt32 && value >= -maxInt32 - 1;
  return Number.isSafeInteger(value);
}
