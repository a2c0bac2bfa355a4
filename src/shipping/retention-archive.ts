import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { SpanledgerError } from '../domain/errors.ts';
import { directoryMode, fileMode } from '../journal/layout.ts';
import { archivedTables } from '../projection/tables.ts';
import { quoteIdentifier } from './identifier.ts';
import type { TrimmedPart } from './retention-plan.ts';
import { goes, nameOf, type RetentionScope, scopeValues, type TrimmedTable, trimKeys } from './retention-rules.ts';
import { readPages, type TextSelect } from './row-pages.ts';

/** Files that hold what is about to go. */
export interface RetentionArchive {
  /** `<archive>/before-<cutoff>`: one directory for each run, one file for each part in it. */
  readonly directory: string;
  readonly files: readonly ArchiveFile[];
}

export interface ArchiveFile {
  /** Name of the partition or table that the rows are of. */
  readonly part: string;
  /** `<directory>/<part>.csv.gz` */
  readonly path: string;
  readonly rows: number;
}

/** Whether rows of a table are archived: not what the ledger notes of its own work. */
export function isArchived(table: TrimmedTable): table is TrimmedTable & keyof typeof archivedTables {
  return Object.hasOwn(archivedTables, table);
}

/**
 * Writes the rows that are to go, before any of them goes: gzip CSV with the columns of the table, each cell as Postgres prints
 * it in UTC, and for log tables the `id` before them. The directory gets its name when everything in it is on the disk.
 *
 * @throws SpanledgerError ARCHIVE_FAILED
 */
export async function writeArchive(
  scope: RetentionScope,
  parts: readonly TrimmedPart[],
  into: string,
): Promise<RetentionArchive> {
  const directory = join(into, `before-${scope.cutoff.toISOString().replaceAll(':', '-')}`);
  const draft = `${directory}.partial`;
  await onDisk(directory, async () => {
    await mkdir(into, { recursive: true, mode: directoryMode });
    await mkdir(draft, { mode: directoryMode });
  });
  try {
    const files = await writeParts(scope, parts, { draft, directory });
    await onDisk(directory, async () => {
      await syncDirectory(draft);
      await rename(draft, directory);
      await syncDirectory(into);
      await syncDirectory(dirname(into));
    });
    return { directory, files };
  } catch (error) {
    // It is tried again, and what is left of each attempt would fill the disk. Once it has its name, it stays.
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeParts(
  scope: RetentionScope,
  parts: readonly TrimmedPart[],
  { draft, directory }: { readonly draft: string; readonly directory: string },
): Promise<readonly ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const part of parts.filter(({ table, rows }) => rows > 0 && isArchived(table))) {
    const name = `${part.name}.csv.gz`;
    const rows = await writePart(scope, part, join(draft, name), directory);
    files.push({ part: part.name, path: join(directory, name), rows });
  }
  return files;
}

/** The keys of the rows in an archived file, each a list of texts in the order of {@link trimKeys}. */
export async function* readKeys(path: string, { table }: TrimmedPart): AsyncGenerator<readonly string[], void> {
  const names = Object.keys(trimKeys[table]);
  const source = createReadStream(path);
  const unzipped = createGunzip();
  const parser = parse({ columns: true });
  const read = pipeline(source, unzipped, parser).catch((error: unknown) => parser.destroy(error as Error));
  try {
    for await (const row of parser as AsyncIterable<Readonly<Record<string, string>>>) {
      yield names.map((name) => row[name] ?? '');
    }
  } finally {
    parser.destroy();
    await read;
  }
}

async function writePart(scope: RetentionScope, part: TrimmedPart, path: string, archive: string): Promise<number> {
  const names = columnsOf(part);
  let rows = 0;
  await scope.store.database.transaction(async (connection) => {
    const texts = async function* () {
      yield stringify([names]);
      for await (const page of readPages(connection, selectOf(scope, part, names))) {
        rows += page.length;
        const cells = page.map((row) => names.map((name) => row[name]));
        // An empty string is quoted, NULL is not: the way of Postgres' own CSV.
        yield stringify(cells, { quoted_match: /^$/ });
      }
    };
    const sink = createWriteStream(path, { flags: 'wx', mode: fileMode });
    await onDisk(archive, () => pipeline(Readable.from(texts()), createGzip(), sink));
  }, 'read only');
  await onDisk(archive, () => sync(path, 'r+'));
  return rows;
}

function columnsOf({ table }: TrimmedPart): readonly string[] {
  if (!isArchived(table)) return [];
  const { columns, key } = archivedTables[table];
  const names = columns.map(({ name }) => name);
  return key.length === 0 ? ['id', ...names] : names;
}

function selectOf(scope: RetentionScope, part: TrimmedPart, names: readonly string[]): TextSelect {
  const texts = names.map((name) => `r.${quoteIdentifier(name)}::text as ${quoteIdentifier(name)}`).join(', ');
  const order = Object.keys(trimKeys[part.table]).map((name) => `r.${quoteIdentifier(name)}`);
  const from = `select ${texts} from ${nameOf(scope, part.name)} r`;
  return part.isWhole
    ? { sql: `${from} order by ${order.join(', ')}`, parameters: [] }
    : {
        sql: `${from} where ${goes(scope, part.table)} order by ${order.join(', ')}`,
        parameters: scopeValues(scope),
      };
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform !== 'win32') await sync(path, 'r');
}

async function sync(path: string, flags: 'r' | 'r+'): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A disk that refuses is told as such; what the database says passes through. */
async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new SpanledgerError('ARCHIVE_FAILED', { details: { directory, why: error.message }, cause: error });
  }
}
