import type { Cell, Column, Row, Table } from '../projection/tables.ts';
import { CopyBuffer } from './copy-buffer.ts';
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

/** Bytes set aside for a row at first; the buffer doubles when they do not suffice. */
const expectedRowBytes = 512;

/**
 * Encodes rows in Postgres' binary COPY format, columns in the order of `table.columns`.
 *
 * Text that Postgres cannot hold (NUL, a lone surrogate) is replaced by U+FFFD on the way.
 *
 * @throws CopyEncodingError when a value does not fit its column.
 */
export function encodeCopy(table: Table<string>, rows: readonly Row<string>[]): Uint8Array {
  const buffer = new CopyBuffer(rows.length * expectedRowBytes);
  buffer.begin();
  for (const { values } of rows) encodeRow(buffer, table, values);
  buffer.end();
  return buffer.toBytes();
}

/**
 * Adds one row.
 *
 * @throws CopyEncodingError when a value does not fit its column.
 */
export function encodeRow(
  into: CopyBuffer,
  table: Table<string>,
  values: Readonly<Record<string, Cell | undefined>>,
): void {
  into.beginRow(table.columns.length);
  for (const column of table.columns) {
    const value = values[column.name];
    if (value === undefined || value === null) into.null();
    else encodeCell(into, table, column, value);
  }
}

function encodeCell(into: CopyBuffer, table: Table<string>, column: Column, value: Exclude<Cell, null>): void {
  switch (column.type) {
    case 'text':
      into.text('text', toStorableText(String(value)));
      break;
    case 'jsonb':
      into.text('jsonb', toStorableJson(String(value)));
      break;
    case 'uuid':
      if (!encodeUuid(into, String(value))) throw new CopyEncodingError('22P02', table.name, column.name, 'not a uuid');
      break;
    default:
      if (encodeNumber(into, column.type, Number(value))) return;
      throw new CopyEncodingError('22003', table.name, column.name, `${value} is out of range for ${column.type}`);
  }
}

function encodeUuid(into: CopyBuffer, value: string): boolean {
  const hex = Buffer.from(value.length === 32 ? value : value.replaceAll('-', ''));
  return into.uuid(hex, 0, hex.length);
}

type NumberType = 'integer' | 'bigint' | 'timestamptz' | 'double precision';

function encodeNumber(into: CopyBuffer, type: NumberType, value: number): boolean {
  switch (type) {
    case 'integer':
      return into.integer(value);
    case 'bigint':
      return into.bigint(value);
    case 'timestamptz':
      return into.timestamp(value);
    case 'double precision':
      into.double(value);
      return true;
    default:
      return type satisfies never;
  }
}
