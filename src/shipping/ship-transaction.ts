import { SpanledgerError } from '../domain/errors.ts';
import type { EncodedTable } from './row-encoding.ts';
import type { ClaimValues, OwnerValues, ShipStatements } from './ship-statements.ts';
import type { SqlConnection } from './sql-connection.ts';
import type { Shipment } from './store.ts';

/** What became of a shipment inside its transaction. */
export type Moved = { readonly status: 'stored' | 'elsewhere'; readonly offset: number };

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
  const claim = statements.claim(claimParameters, from === 0);
  const at = toTimestamp(nowMicros);
  const values = [owner.instanceId, segment, from, to, records, deadLetters, at];
  const [claimed] = await connection.query<Claim>(claim, values);
  if (claimed === undefined) return readOffset(connection, statements, shipment);
  checkMigration(claimed.migration, statements.migration);
  if (from === 0) await introduce(connection, statements, shipment);
  for (const part of encoded) await store(connection, statements, part);
  return { status: 'stored', offset: claimed.end_offset };
}

const claimParameters: ClaimValues = {
  instanceId: '$1',
  segment: '$2',
  from: '$3',
  to: '$4',
  records: '$5',
  deadLetters: '$6',
  at: '$7',
};

const ownerParameters: OwnerValues = { instanceId: '$1', service: '$2', host: '$3', pid: '$4', startedAt: '$5' };

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
  await connection.query(statements.introduce(ownerParameters), [
    instanceId,
    service,
    host,
    pid,
    toTimestamp(startedAt),
  ]);
}

async function store(connection: SqlConnection, statements: ShipStatements, part: EncodedTable): Promise<void> {
  const upsert = part.isFresh ? undefined : statements.upserts[part.table];
  if (upsert === undefined) return connection.copy(statements.copyTargets[part.table], part.data);
  await connection.script(upsert.stage);
  await connection.copy(upsert.copyTarget, part.data);
  await connection.script(upsert.merge);
  if (part.hasPartialRows && upsert.advance !== undefined) await connection.script(upsert.advance);
}

/** Last instant that Postgres and `Date` both write with four digits of the year. */
const lastMillis = Date.UTC(9999, 11, 31);

/** Microseconds since the epoch as a timestamp parameter. */
export function toTimestamp(micros: number): string {
  return new Date(Math.min(Math.max(Math.floor(micros / 1000), 0), lastMillis)).toISOString();
}
