import { SpanledgerError } from '../domain/errors.ts';
import { type TableName, tables } from '../projection/tables.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import type { EncodedTable } from './row-encoding.ts';
import type { SqlConnection } from './sql-connection.ts';
import type { Shipment } from './store.ts';
import { type UpsertStatements, upsertStatements } from './upsert-sql.ts';

/** What became of a shipment inside its transaction. */
export type Moved = { readonly status: 'stored' | 'elsewhere'; readonly offset: number };

/** Statements of a schema, made once. */
export interface ShipStatements {
  /** The migration they are made for. */
  readonly migration: number;
  readonly claimFirst: string;
  readonly claimNext: string;
  readonly offset: string;
  readonly introduce: string;
  readonly copyTargets: Readonly<Record<TableName, string>>;
  readonly upserts: Readonly<Partial<Record<TableName, UpsertStatements>>>;
}

export function shipStatements(schema: string, migration: number): ShipStatements {
  const shipments = qualified(schema, 'shipments');
  const returning = `returning end_offset, (select max(id) from ${qualified(schema, 'migrations')}) as migration`;
  const moved = `end_offset = $4, records = t.records + $5, dead_letters = t.dead_letters + $6, updated_at = $7`;
  const all = Object.values(tables);
  return {
    migration,
    claimFirst: `insert into ${shipments} as t (instance_id, segment, end_offset, records, dead_letters, updated_at)
      values ($1, $2, $4, $5, $6, $7)
      on conflict (instance_id, segment) do update set ${moved} where t.end_offset = $3 ${returning}`,
    claimNext: `update ${shipments} as t set ${moved} where instance_id = $1 and segment = $2 and end_offset = $3 ${returning}`,
    offset: `select end_offset from ${shipments} where instance_id = $1 and segment = $2`,
    introduce: `insert into ${qualified(schema, 'instances')}
      (instance_id, service_name, host, pid, started_at, last_seen_at) values ($1, $2, $3, $4, $5, $5)
      on conflict (instance_id) do nothing`,
    copyTargets: Object.fromEntries(
      all.map((table) => [table.name, `${qualified(schema, table.name)} (${columnList(table.name)})`]),
    ) as Record<TableName, string>,
    upserts: Object.fromEntries(
      all.filter(({ key }) => key.length > 0).map((table) => [table.name, upsertStatements(table, schema, migration)]),
    ),
  };
}

/**
 * Moves the offset first. That takes the row's lock and compares in one step, so of any number of shippers with the same
 * segment one goes on and the others learn where it got to. The rows follow in the same transaction.
 */
export async function shipInTransaction(
  connection: SqlConnection,
  statements: ShipStatements,
  shipment: Shipment,
  encoded: readonly EncodedTable[],
  nowMicros: number,
): Promise<Moved> {
  const { owner, segment, from, to, records, deadLetters = 0 } = shipment;
  const claim = from === 0 ? statements.claimFirst : statements.claimNext;
  const at = toTimestamp(nowMicros);
  const values = [owner.instanceId, segment, from, to, records, deadLetters, at];
  const [claimed] = await connection.query<Claim>(claim, values);
  if (claimed === undefined) return readOffset(connection, statements, shipment);
  checkMigration(claimed.migration, statements.migration);
  if (from === 0) await introduce(connection, statements, shipment);
  for (const part of encoded) await store(connection, statements, part);
  return { status: 'stored', offset: claimed.end_offset };
}

type Claim = { end_offset: number; migration: number };

async function readOffset(
  connection: SqlConnection,
  statements: ShipStatements,
  { owner, segment }: Shipment,
): Promise<Moved> {
  const [row] = await connection.query<{ end_offset: number }>(statements.offset, [owner.instanceId, segment]);
  return { status: 'elsewhere', offset: row?.end_offset ?? 0 };
}

/** A schema of another version is refused before the first row, and the journal keeps what it has. */
function checkMigration(found: number, known: number): void {
  if (found > known) throw new SpanledgerError('SCHEMA_NEWER', { details: { found, known } });
  if (found < known) throw new SpanledgerError('SCHEMA_OLDER', { details: { found, needed: known } });
}

/** Whoever ships the beginning of a segment says whose it is; the owner's own heartbeats say more. */
async function introduce(connection: SqlConnection, statements: ShipStatements, { owner }: Shipment): Promise<void> {
  const { instanceId, service, host, pid, startedAt } = owner;
  await connection.query(statements.introduce, [instanceId, service, host, pid, toTimestamp(startedAt)]);
}

async function store(connection: SqlConnection, statements: ShipStatements, part: EncodedTable): Promise<void> {
  const upsert = statements.upserts[part.table];
  if (upsert === undefined) return connection.copy(statements.copyTargets[part.table], part.data);
  await connection.script(upsert.stage);
  await connection.copy(upsert.copyTarget, part.data);
  await connection.script(upsert.merge);
  if (part.hasPartialRows && upsert.advance !== undefined) await connection.script(upsert.advance);
}

function columnList(table: TableName): string {
  return tables[table].columns.map(({ name }) => quoteIdentifier(name)).join(', ');
}

/** Last instant that Postgres and `Date` both write with four digits of the year. */
const lastMillis = Date.UTC(9999, 11, 31);

/** Microseconds since the epoch as a timestamp parameter. */
export function toTimestamp(micros: number): string {
  return new Date(Math.min(Math.max(Math.floor(micros / 1000), 0), lastMillis)).toISOString();
}
