import { type ArchivedTableName, archivedTables, type Row, type TableName, tables } from '../projection/tables.ts';
import { encodeCopy } from './copy-encoder.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import { latestMigration } from './migrations.ts';
import { partitionNeeds } from './partition-months.ts';
import { encodeRows } from './row-encoding.ts';
import type { SqlConnection } from './sql-connection.ts';
import { stagingTable, type UpsertStatements, upsertStatements } from './upsert-sql.ts';

/** A row from a file, with the line it stands on. */
export interface ImportedRow {
  readonly row: Row<ArchivedTableName>;
  readonly line: number;
}

/** A row that the database did not take. */
export interface RefusedRow {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export interface ImportReport {
  readonly read: number;
  /** Rows that were new, or newer than what was there. */
  readonly stored: number;
  readonly refused: readonly RefusedRow[];
}

export interface ImportOptions {
  /** Rows in one transaction; default 5,000. */
  readonly batchRows?: number;
  readonly onProgress?: (report: ImportReport) => void;
}

/**
 * What tells one row of an append-only table from another. `seq` orders the events of a unit, so for these the first five
 * suffice; log lines have none, hence the message. Rows that agree in all of it are counted: a file with two of them
 * makes two, read again it makes none. Two such rows more than a batch apart in one file become one.
 */
const identities: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  audit_log: ['created_at', 'trace_id', 'span_id', 'event', 'seq', 'message'],
  api_logs: ['created_at', 'trace_id', 'span_id', 'direction', 'method', 'endpoint', 'duration_ms'],
};

/**
 * Loads rows that came from a file, without doubles: rows of append-only tables that are there already are left alone, rows of
 * the others move forward by their version. Rows of a journal that is still to be shipped are not known to the database; ship first.
 *
 * @throws SpanledgerError and what the database says, when it fails for another reason than a row.
 */
export async function importRows(
  store: SqlLedgerStore,
  rows: AsyncIterable<ImportedRow> | Iterable<ImportedRow>,
  { batchRows = 5_000, onProgress }: ImportOptions = {},
): Promise<ImportReport> {
  const refused: RefusedRow[] = [];
  let read = 0;
  let stored = 0;
  const flush = async (batch: readonly ImportedRow[]) => {
    stored += await importBatch(store, batch, refused);
    read += batch.length;
    onProgress?.({ read, stored, refused });
  };
  let batch: ImportedRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < batchRows) continue;
    await flush(batch);
    batch = [];
  }
  if (batch.length > 0) await flush(batch);
  return { read, stored, refused };
}

/** Halves a batch that is refused until the rows at fault are found. */
async function importBatch(
  store: SqlLedgerStore,
  batch: readonly ImportedRow[],
  refused: RefusedRow[],
): Promise<number> {
  try {
    return await tryBatch(store, batch);
  } catch (error) {
    const { kind, code, message } = await store.failure(error);
    const [first] = batch;
    if (kind !== 'refused' || first === undefined) throw error;
    if (batch.length === 1) {
      refused.push({ line: first.line, code, message });
      return 0;
    }
    const middle = Math.ceil(batch.length / 2);
    const before = await importBatch(store, batch.slice(0, middle), refused);
    return before + (await importBatch(store, batch.slice(middle), refused));
  }
}

async function tryBatch(store: SqlLedgerStore, batch: readonly ImportedRow[]): Promise<number> {
  const rows = batch.map(({ row }) => row);
  const records = rows.filter(isRecordRow);
  const encoded = [...encodeRows(records), ...encodeProcesses(rows)];
  await store.partitions.make(partitionNeeds(records));
  return store.database.transaction(async (connection) => {
    let stored = 0;
    for (const part of encoded) stored += await importTable(connection, store.schema, part);
    return stored;
  });
}

function isRecordRow(row: Row<ArchivedTableName>): row is Row {
  return row.table !== 'instances';
}

interface EncodedImport {
  readonly table: ArchivedTableName;
  readonly data: Uint8Array;
}

function encodeProcesses(rows: readonly Row<ArchivedTableName>[]): readonly EncodedImport[] {
  const table = 'instances';
  const processes = rows.filter((row) => row.table === table);
  return processes.length === 0 ? [] : [{ table, data: encodeCopy(archivedTables[table], processes) }];
}

async function importTable(connection: SqlConnection, schema: string, part: EncodedImport): Promise<number> {
  const statements = importStatements(part.table, schema);
  await connection.script(statements.stage);
  await connection.copy(statements.copyTarget, part.data);
  const [row] = await connection.query<{ n: number }>(
    `with moved as (${statements.merge} returning 1) select count(*) as n from moved`,
  );
  await connection.script(statements.clear);
  return row?.n ?? 0;
}

function importStatements(
  name: ArchivedTableName,
  schema: string,
): Pick<UpsertStatements, 'stage' | 'copyTarget' | 'merge' | 'clear'> {
  if (name === 'instances') return processStatements(schema);
  const table = tables[name];
  const identity = identities[name];
  if (identity === undefined) return upsertStatements(table, schema, latestMigration());
  const { staging, stage, copyTarget, clear, list } = stagingTable(table, schema, latestMigration());
  const target = qualified(schema, name);
  const same = identity.map(
    (column) => `t.${quoteIdentifier(column)} is not distinct from s.${quoteIdentifier(column)}`,
  );
  const bounds = `t.created_at >= (select min(created_at) from ${staging}) and t.created_at <= (select max(created_at) from ${staging})`;
  const number = `row_number() over (partition by ${identity.map(quoteIdentifier).join(', ')})`;
  return {
    stage,
    clear,
    copyTarget,
    merge: `insert into ${target} (${list}) select ${list} from (select *, ${number} as number from ${staging}) s
      where number > (select count(*) from ${target} t where t.created_at = s.created_at and ${bounds} and ${same.join(' and ')})
      order by created_at`,
  };
}

/** What is known of a process here is newer than any file. */
function processStatements(schema: string): ReturnType<typeof importStatements> {
  const { staging, stage, copyTarget, clear, list } = stagingTable(archivedTables.instances, schema, latestMigration());
  const merge = `insert into ${qualified(schema, 'instances')} (${list}) select ${list} from ${staging}
    order by instance_id on conflict (instance_id) do nothing`;
  return { stage, clear, copyTarget, merge };
}
