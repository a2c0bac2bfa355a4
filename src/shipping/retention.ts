import type { SqlLedgerStore } from './ledger-store.ts';
import { makePartition } from './partition-maker.ts';
import type { PartitionMonth } from './partition-months.ts';
import { isArchived, type RetentionArchive, writeArchive } from './retention-archive.ts';
import { cutoffOf, planRetention, type TrimmedPart, withKeptProcesses } from './retention-plan.ts';
import { removePart } from './retention-removal.ts';
import { type RetentionScope, type TrimmedTable, trimmedTables } from './retention-rules.ts';
import type { SqlRow } from './sql-connection.ts';

export interface RetentionOptions {
  /** Records older than this many days go. */
  readonly days: number;
  /**
   * Sessions that ended more than this many days ago go altogether, their state included; never fewer than `days`. Without it the state of
   * a session stays, and so do the items of one that a run may take up again.
   */
  readonly sessionDays?: number;
  /** Sessions of which everything stays, however old. */
  readonly keepSessions?: readonly string[];
  /** Tells what would go, removes nothing, writes nothing. */
  readonly dryRun?: boolean;
  /** Directory for a copy of what goes, complete and on the disk before anything goes. */
  readonly archive?: string;
  /** Rows removed in one transaction; default 5,000. */
  readonly batchRows?: number;
  readonly onProgress?: (table: string, rows: number) => void;
}

/** What went of one table, or would go. Of `shipments` these are rows for which the row of a later segment stands now. */
export interface TableRetention {
  readonly table: TrimmedTable;
  /** Rows in all. */
  readonly rows: number;
  readonly parts: readonly PartRetention[];
}

/** What went of one partition, or of a table without partitions. */
export interface PartRetention {
  readonly name: string;
  readonly rows: number;
  /** The whole month went. */
  readonly isWhole: boolean;
}

export interface RetentionReport {
  /** The moment before which records are old, by the clock of the database. */
  readonly cutoff: Date;
  readonly tables: readonly TableRetention[];
  /** Partitions of coming months that were made, or would be. */
  readonly made: readonly string[];
  readonly archive?: RetentionArchive;
}

const defaultBatchRows = 5_000;

/**
 * Removes old records: whole months where nothing in them is to stay, else row by row in batches. Records of running work stay: of
 * sessions that have not ended, of traces with an open unit, and open units themselves. Items go with the records of a session that no
 * run takes up again; processes that are gone, when nothing that stays refers to them; offsets of segments are folded, so that each
 * journal stays known for ever. Interrupted, it goes on where it was when it is done again. Makes the partitions of this month and the
 * next two while it is there. Needs the rights of the schema's owner.
 *
 * @throws SpanledgerError ARCHIVE_FAILED, with nothing removed
 */
export async function applyRetention(store: SqlLedgerStore, options: RetentionOptions): Promise<RetentionReport> {
  const { dryRun = false } = options;
  const scope = await createScope(store, options);
  const made = await makeAhead(store, dryRun);
  const parts = await planRetention(scope);
  const { cutoff } = scope;
  if (dryRun) return { cutoff, tables: byTable(parts), made };
  const hasRows = parts.some(({ table, rows }) => rows > 0 && isArchived(table));
  const archive =
    options.archive === undefined || !hasRows ? undefined : await writeArchive(scope, parts, options.archive);
  const tables = byTable(await removeParts(scope, parts, { ...options, written: archive }));
  return { cutoff, tables, made, ...(archive !== undefined && { archive }) };
}

async function createScope(
  store: SqlLedgerStore,
  { days, sessionDays, keepSessions = [] }: RetentionOptions,
): Promise<RetentionScope> {
  const cutoff = await cutoffOf(store, days);
  const sessionCutoff = sessionDays === undefined ? undefined : await cutoffOf(store, Math.max(days, sessionDays));
  const told = { store, cutoff, keepSessions, ...(sessionCutoff !== undefined && { sessionCutoff }) };
  return withKeptProcesses({ ...told, keptProcesses: [], isForeseen: true });
}

interface RemovalOptions extends RetentionOptions {
  readonly written: RetentionArchive | undefined;
}

async function removeParts(
  foreseen: RetentionScope,
  parts: readonly TrimmedPart[],
  { batchRows = defaultBatchRows, onProgress, archive, written }: RemovalOptions,
): Promise<readonly TrimmedPart[]> {
  const removed: TrimmedPart[] = [];
  let scope: RetentionScope = { ...foreseen, isForeseen: false };
  for (const part of parts) {
    let done = 0;
    // What refers to them has gone by now, or stays for a reason that came up meanwhile.
    if (part.table === 'instances') scope = await withKeptProcesses(scope);
    const file = written?.files.find((one) => one.part === part.name);
    const archived = archive === undefined ? undefined : (file ?? { rows: 0 });
    const onBatch = (rows: number) => {
      done += rows;
      onProgress?.(part.table, done);
    };
    removed.push({
      ...part,
      ...(await removePart({ scope, part, batchRows, onBatch, ...(archived !== undefined && { archived }) })),
    });
  }
  return removed;
}

function byTable(parts: readonly TrimmedPart[]): readonly TableRetention[] {
  return trimmedTables.map((table) => {
    const own = parts.filter((part) => part.table === table);
    return {
      table,
      rows: own.reduce((sum, { rows }) => sum + rows, 0),
      parts: own.map(({ name, rows, isWhole }) => ({ name, rows, isWhole })),
    };
  });
}

/** Partitions of this month and the next two, so that nobody waits for one when the month turns; answers the new ones. */
async function makeAhead(store: SqlLedgerStore, dryRun: boolean): Promise<readonly string[]> {
  const missing = await store.query<PartitionMonth & { name: string } & SqlRow>(
    `select parent as table, month::date::text as month, parent || to_char(month, '_YYYY_MM') as name
      from unnest(array['audit_log', 'api_logs']) parent,
        generate_series(date_trunc('month', now() at time zone 'UTC'), now() at time zone 'UTC' + interval '2 months',
          interval '1 month') month
      where to_regclass(quote_ident($1) || '.' || quote_ident(parent || to_char(month, '_YYYY_MM'))) is null
      order by parent, month`,
    [store.schema],
  );
  const made: string[] = [];
  for (const { name, ...partition } of missing) {
    if (dryRun || (await makePartition(store.database, store.schema, partition))) made.push(name);
  }
  return made;
}
