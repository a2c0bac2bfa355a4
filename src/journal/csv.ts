import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { mergeRows } from '../projection/row-merge.ts';
import { rowsOf } from '../projection/rows.ts';
import { type Row, type TableName, tables } from '../projection/tables.ts';
import { toCellText } from './csv-cell.ts';
import { makeDirectory } from './file-system.ts';
import type { JournalEntry } from './journal.ts';
import { listJournals } from './journal-listing.ts';
import { fileMode } from './layout.ts';
import { readSegment } from './segment-reader.ts';

export interface CsvExport {
  /** The spanledger directory with the journal. */
  readonly directory: string;
  /** Where `<table>.csv` goes; made if it is missing. */
  readonly into: string;
  /** Default: all. */
  readonly tables?: readonly TableName[];
  /** Microseconds since the epoch: only rows that happened, or last changed, at or after it. */
  readonly since?: number;
  /** Only rows of this session. */
  readonly sessionId?: string;
  readonly signal?: AbortSignal;
}

/** One written file. */
export interface CsvFile {
  readonly table: TableName;
  readonly path: string;
  readonly rows: number;
}

/**
 * Writes one CSV file for each table from what is still in the journal, without any database. The columns are those of the
 * table, the text of each cell is what Postgres prints; NULL is an empty cell, the empty string a quoted one. Files are
 * readable by their owner only. Append-only tables are streamed; of the others one row for each key is held in memory.
 */
export async function exportCsv(options: CsvExport): Promise<readonly CsvFile[]> {
  const names = options.tables ?? (Object.keys(tables) as TableName[]);
  makeDirectory(options.into);
  const files = new Map<TableName, CsvWriter>();
  try {
    for (const name of names) files.set(name, await CsvWriter.open(name, join(options.into, `${name}.csv`)));
    const states = await writeAppended(files, options);
    for (const [name, rows] of states) await files.get(name)?.write([...rows.values()].filter(isComplete));
    return [...files.values()].map(({ table, path, rows }) => ({ table, path, rows }));
  } finally {
    for (const file of files.values()) await file.close();
  }
}

type Merged = ReadonlyMap<TableName, Map<string, Row>>;

async function writeAppended(files: ReadonlyMap<TableName, CsvWriter>, options: CsvExport): Promise<Merged> {
  const merged = new Map([...files.keys()].map((name) => [name, new Map<string, Row>()]));
  for await (const entries of stretches(options.directory)) {
    options.signal?.throwIfAborted();
    const rows = entries.flatMap(({ record, owner }) => rowsOf(record, owner));
    for (const [name, file] of files) {
      const own = rows.filter((row) => row.table === name && isOfSession(row, options.sessionId));
      if (tables[name].key.length === 0) await file.write(own.filter((row) => isSince(row, options.since)));
      else for (const row of own) mergeInto(merged.get(name) ?? new Map(), row);
    }
  }
  for (const rows of merged.values()) {
    for (const [key, row] of rows) if (!isSince(row, options.since)) rows.delete(key);
  }
  return merged;
}

async function* stretches(directory: string): AsyncGenerator<readonly JournalEntry[], void> {
  for (const journal of await listJournals(directory)) {
    for (const { path, isClosed } of journal.segments) {
      for (let from = 0, goesOn = true; goesOn; ) {
        const stretch = await readSegment(path, { from, isClosed });
        if (stretch.status === 'newer') throw stretch.error;
        if (stretch.status !== 'read') break;
        yield stretch.entries;
        from = stretch.to;
        goesOn = stretch.tail === 'more';
      }
    }
  }
}

function mergeInto(rows: Map<string, Row>, row: Row): void {
  const key = tables[row.table].key.map((column) => String(row.values[column])).join('\0');
  const known = rows.get(key);
  const [merged = row] = known === undefined ? [row] : mergeRows([known, row]);
  rows.set(key, merged);
}

function isSince({ values }: Row, since = Number.NEGATIVE_INFINITY): boolean {
  return Number(values.updated_at ?? values.last_progress_at ?? values.created_at ?? 0) >= since;
}

function isOfSession({ table, values }: Row, sessionId: string | undefined): boolean {
  return sessionId === undefined || (table === 'import_sessions' ? values.id : values.session_id) === sessionId;
}

/** Progress of a unit whose start has been shipped already makes no row of its own. */
function isComplete({ table, values }: Row): boolean {
  return table !== 'task_progress' || values.created_at !== undefined;
}

class CsvWriter {
  readonly table: TableName;
  readonly path: string;
  readonly #file: FileHandle;
  rows = 0;

  private constructor(table: TableName, path: string, file: FileHandle) {
    this.table = table;
    this.path = path;
    this.#file = file;
  }

  static async open(table: TableName, path: string): Promise<CsvWriter> {
    const file = await open(path, 'w', fileMode);
    try {
      await file.chmod(fileMode);
      await file.appendFile(stringify([tables[table].columns.map(({ name }) => name)]));
    } catch (error) {
      await file.close();
      throw error;
    }
    return new CsvWriter(table, path, file);
  }

  async write(rows: readonly Row[]): Promise<void> {
    const { columns } = tables[this.table];
    for (let start = 0; start < rows.length; start += 1_000) {
      const part = rows.slice(start, start + 1_000);
      const cells = part.map(({ values }) => columns.map(({ name, type }) => toCellText(values[name], type)));
      // An empty string is quoted, NULL is not: the way of Postgres' own CSV.
      await this.#file.appendFile(stringify(cells, { quoted_match: /^$/ }));
      this.rows += part.length;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
