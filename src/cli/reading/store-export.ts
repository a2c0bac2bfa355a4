import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { CsvFile } from '../../journal/csv.ts';
import { directoryMode, fileMode } from '../../journal/layout.ts';
import { type TableName, tables } from '../../projection/tables.ts';
import { qualified, quoteIdentifier } from '../../shipping/identifier.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { readPages, type TextSelect } from '../../shipping/row-pages.ts';
import type { SqlConnection } from '../../shipping/sql-connection.ts';
import { type Conditions, createConditions } from './conditions.ts';

/** Which rows of which tables go where. */
export interface StoreExport {
  readonly into: string;
  readonly tables: readonly TableName[];
  readonly sessionId: string | undefined;
  /** Only rows that happened, or last changed, then or later. */
  readonly since: Date | undefined;
}

/**
 * Writes one CSV file for each table, as `exportCsv` writes them from the journals: the columns of the table, each cell as
 * Postgres prints it in UTC, NULL empty and the empty string quoted. A table is one consistent view of it and is streamed.
 */
export async function exportStore(store: SqlLedgerStore, order: StoreExport): Promise<readonly CsvFile[]> {
  await mkdir(order.into, { recursive: true, mode: directoryMode });
  const files: CsvFile[] = [];
  for (const table of order.tables) {
    const path = join(order.into, `${table}.csv`);
    files.push({ table, path, rows: await exportTable(store, table, path, order) });
  }
  return files;
}

async function exportTable(store: SqlLedgerStore, table: TableName, path: string, order: StoreExport): Promise<number> {
  const file = await open(path, 'w', fileMode);
  try {
    await file.chmod(fileMode);
    await file.appendFile(stringify([tables[table].columns.map(({ name }) => name)]));
    return await store.database.transaction(
      (connection) => writeRows(connection, file, table, selectRows(store.schema, table, order)),
      'read only',
    );
  } finally {
    await file.close();
  }
}

async function writeRows(
  connection: SqlConnection,
  file: FileHandle,
  table: TableName,
  select: TextSelect,
): Promise<number> {
  const names = tables[table].columns.map(({ name }) => name);
  let written = 0;
  for await (const rows of readPages(connection, select)) {
    const cells = rows.map((row) => names.map((name) => row[name]));
    await file.appendFile(stringify(cells, { quoted_match: /^$/ }));
    written += rows.length;
  }
  return written;
}

/** When a row happened or last changed; also the order of what is appended. */
const timeColumns: Readonly<Record<TableName, string>> = {
  audit_log: 'created_at',
  api_logs: 'created_at',
  task_progress: 'updated_at',
  import_sessions: 'last_progress_at',
  import_items: 'last_progress_at',
};

function selectRows(schema: string, table: TableName, { sessionId, since }: StoreExport): TextSelect {
  const { columns, key } = tables[table];
  const texts = columns.map(({ name }) => `${quoteIdentifier(name)}::text as ${quoteIdentifier(name)}`).join(', ');
  const conditions: Conditions = createConditions()
    .add(`${table === 'import_sessions' ? 'id' : 'session_id'} = ?`, sessionId)
    .add(`${timeColumns[table]} >= ?`, since);
  const order = key.length === 0 ? 't.created_at, t.id' : key.map((name) => `t.${quoteIdentifier(name)}`).join(', ');
  const sql = `select ${texts} from ${qualified(schema, table)} as t ${conditions.toSql()} order by ${order}`;
  return { sql, parameters: conditions.parameters };
}
