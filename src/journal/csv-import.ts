import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type CsvError, parse } from 'csv-parse';
import { SpanledgerError } from '../domain/errors.ts';
import { type ArchivedTableName, archivedTables, type Cell, type Column, type Row } from '../projection/tables.ts';
import { parseCellText } from './csv-cell.ts';

export interface CsvImport {
  readonly path: string;
  /** Default: the table the file, or the partition in it, is named after. */
  readonly table?: ArchivedTableName;
}

interface ParsedLine {
  readonly record: readonly (string | null)[];
  readonly info: { readonly lines: number };
}

/** A row with the line it ends on. */
export interface CsvRow {
  readonly row: Row<ArchivedTableName>;
  readonly line: number;
}

/**
 * Reads the rows of a CSV file that `exportCsv` or `copy ... to ... csv header` wrote, one by one.
 * @throws SpanledgerError `CSV_HEADER_INVALID` before the first row, `CSV_ROW_INVALID` at the first row that is none.
 */
export async function* importCsv(options: CsvImport): AsyncGenerator<CsvRow, void> {
  const table = options.table ?? tableOf(options.path);
  const source = openText(options.path);
  const parser = source.pipe(
    parse({ bom: true, info: true, cast: (text, { quoting }) => (text === '' && !quoting ? null : text) }),
  );
  source.on('error', (error) => parser.destroy(error));
  let line = 0;
  try {
    let columns: readonly (Column | undefined)[] | undefined;
    for await (const { record, info } of parser as AsyncIterable<ParsedLine>) {
      line = info.lines;
      if (columns === undefined) columns = readHeader(record, table, options.path);
      else yield { row: readRow(record, { table, columns, path: options.path, line }), line };
    }
    if (columns === undefined) throw badHeader(options.path, table, 'the file is empty');
  } catch (error) {
    if (isZipError(error)) throw badRow(options.path, line, 'any', `it is no whole gzip file: ${error.message}`, error);
    throw isCsvError(error) ? malformed(error, options.path) : error;
  } finally {
    source.destroy();
  }
}

/** The text of a file; one that ends in `.gz` is unzipped on the way. */
function openText(path: string): Readable {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return file;
  const unzipped = createGunzip();
  file.on('error', (error) => unzipped.destroy(error));
  unzipped.on('close', () => file.destroy());
  return file.pipe(unzipped);
}

/** `audit_log.csv`, `audit_log.csv.gz`, or a month of it, `audit_log_2025_11.csv.gz`. */
function tableOf(path: string): ArchivedTableName {
  const name = basename(path).replace(/(?:_\d{4}_\d{2}|_default)?\.csv(?:\.gz)?$/, '');
  if (Object.hasOwn(archivedTables, name)) return name as ArchivedTableName;
  throw badHeader(path, 'any table', 'no table is called so; name the table');
}

/** The identity column of append-only tables is given anew by the database. */
const identityColumn = 'id';

function readHeader(names: readonly (string | null)[], table: ArchivedTableName, path: string): (Column | undefined)[] {
  const { columns, key } = archivedTables[table];
  const known = new Map(columns.map((column) => [column.name, column]));
  const isIdentity = (name: string | null): boolean => name === identityColumn && key.length === 0;
  const unknown = names.filter((name) => !isIdentity(name) && !known.has(name ?? ''));
  if (unknown.length > 0)
    throw badHeader(path, table, `it has no column ${unknown.map((name) => name ?? '""').join(', ')}`);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw badHeader(path, table, `column ${twice.join(', ')} comes twice`);
  const needed = key.length > 0 ? key : ['created_at'];
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) throw badHeader(path, table, `column ${missing.join(', ')} is missing`);
  return names.map((name) => known.get(name ?? ''));
}

interface RowContext {
  readonly table: ArchivedTableName;
  readonly columns: readonly (Column | undefined)[];
  readonly path: string;
  readonly line: number;
}

function readRow(cells: readonly (string | null)[], context: RowContext): Row<ArchivedTableName> {
  const { table, columns, path, line } = context;
  const isAppendOnly = archivedTables[table].key.length === 0;
  const values: Record<string, Cell | undefined> = {};
  for (const [index, column] of columns.entries()) {
    if (column === undefined) continue;
    const parsed = parseCellText(cells[index] ?? null, column.type);
    if ('why' in parsed) throw badRow(path, line, column.name, parsed.why);
    if (parsed.cell !== null || isAppendOnly) values[column.name] = parsed.cell;
  }
  // In an upserted row a missing column keeps what is there; only the end is told by its absence: the work goes on.
  if (!isAppendOnly && values.state !== undefined) values.ended_at ??= null;
  return { table, values };
}

function isZipError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^Z_/.test(String(error.code));
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}

function malformed(error: CsvError, path: string): SpanledgerError {
  const { lines, column } = error as unknown as { readonly lines?: number; readonly column?: number | string };
  return badRow(path, lines ?? 0, column ?? '', error.message, error);
}

function badHeader(file: string, table: string, why: string): SpanledgerError {
  return new SpanledgerError('CSV_HEADER_INVALID', { details: { file, table, why } });
}

function badRow(file: string, line: number, column: string | number, why: string, cause?: unknown): SpanledgerError {
  return new SpanledgerError('CSV_ROW_INVALID', { details: { file, line, column, why }, cause });
}
