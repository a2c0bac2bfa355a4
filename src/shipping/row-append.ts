import type { Row } from '../projection/tables.ts';
import { latestMigration } from './migrations.ts';
import { encodeRows } from './row-encoding.ts';
import { shipStatements } from './ship-statements.ts';
import type { SqlConnection } from './sql-connection.ts';

/** Appends audit rows in the transaction of `connection`. The partitions that they need are there. */
export async function appendAudit(connection: SqlConnection, schema: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const { copyTargets } = shipStatements(schema, latestMigration());
  for (const { table, data } of encodeRows(rows)) await connection.copy(copyTargets[table], data);
}
