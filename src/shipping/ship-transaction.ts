import { SpanledgerError } from '../domain/errors.ts';
import type { EncodedTable } from './row-encoding.ts';
import { type ShipStatements, wholeSegment } from './ship-statements.ts';
import type { SqlConnection } from './sql-connection.ts';
import type { Shipment } from './store.ts';

/** The offset of the segment is another than the shipment starts at; the transaction is to be rolled back. */
export class ElsewhereError extends Error {
  override readonly name = 'ElsewhereError';
  readonly offset: number;

  constructor(offset: number) {
    super(`The segment is stored up to ${offset}.`);
    this.offset = offset;
  }
}

/** The shipment before this one was not stored; the transaction is to be rolled back. */
export class OutOfTurnError extends Error {
  override readonly name = 'OutOfTurnError';
}

/** A shipment, encoded. */
export interface ShipmentParts {
  readonly shipment: Shipment;
  readonly parts: readonly EncodedTable[];
  /** Microseconds since the epoch. */
  readonly now: number;
}

/**
 * Stores the rows of a shipment and moves its offset, in the transaction of `connection`.
 *
 * Whoever moves the offset has the lock on it and has compared it in one step, so of any number of shippers with the same segment
 * one goes on and the others learn where it got to. That is the first thing to do, unless another shipment is to come first: then
 * the rows are copied meanwhile, where nobody sees them, and the offset moves in its turn.
 *
 * @throws ElsewhereError, OutOfTurnError; what the database says.
 */
export async function shipInTransaction(
  connection: SqlConnection,
  statements: ShipStatements,
  { shipment, parts, now }: ShipmentParts,
): Promise<void> {
  const { after } = shipment;
  if (after === undefined) await claim(connection, statements, shipment, now);
  await copyRows(connection, statements, parts);
  if (after !== undefined) {
    if (!(await isStored(after))) throw new OutOfTurnError('The shipment before this one was not stored.');
    await claim(connection, statements, shipment, now);
  }
  await mergeRows(connection, statements, parts);
}

type Claim = { end_offset: number; migration: number };

async function claim(
  connection: SqlConnection,
  statements: ShipStatements,
  { owner, segment, from, to, records, deadLetters = 0 }: Shipment,
  now: number,
): Promise<void> {
  const values = [owner.instanceId, segment, from, to, records, deadLetters, toTimestamp(now)];
  const [claimed] = await connection.query<Claim>(from === 0 ? statements.claimFirst : statements.claimNext, values);
  if (claimed === undefined) {
    const [row] = await connection.query<Pick<Claim, 'end_offset'>>(statements.offset, [owner.instanceId, segment]);
    throw new ElsewhereError(row?.end_offset ?? 0);
  }
  checkMigration(claimed.migration, statements.migration);
  if (from !== 0) return;
  // Whoever ships the beginning of a segment says whose it is; the owner's own heartbeats say more.
  const { instanceId, service, host, pid, startedAt, version = null, revision = null } = owner;
  const told = [instanceId, service, host, pid, toTimestamp(startedAt), version, revision, segment];
  const [known] = await connection.query<{ is_stored: boolean }>(statements.introduce, told);
  // Asked behind the claim: a retention that took the row of this segment away has ended by then, and shows what it left.
  if (known?.is_stored === true) throw new ElsewhereError(wholeSegment);
}

/** A schema of another version is refused before the first row, and the journal keeps what it has. */
function checkMigration(found: number, known: number): void {
  if (found > known) throw new SpanledgerError('SCHEMA_NEWER', { details: { found, known } });
  if (found < known) throw new SpanledgerError('SCHEMA_OLDER', { details: { found, needed: known } });
}

/** Copies rows into their tables, or, where they may meet others, into a staging table. */
async function copyRows(
  connection: SqlConnection,
  statements: ShipStatements,
  parts: readonly EncodedTable[],
): Promise<void> {
  const steps = parts.map(({ table, isFresh, data }) => {
    const upsert = isFresh ? undefined : statements.upserts[table];
    return { stage: upsert?.stage, target: upsert?.copyTarget ?? statements.copyTargets[table], data };
  });
  if (connection.copyScript === undefined) {
    for (const { stage, target, data } of steps) {
      if (stage !== undefined) await connection.script(stage);
      await connection.copy(target, data);
    }
  } else if (steps.length > 0) {
    const script = steps.flatMap(({ stage, target }) =>
      [stage ?? [], `copy ${target} from stdin (format binary)`].flat(),
    );
    await connection.copyScript(
      script.join(';\n'),
      steps.map(({ data }) => data),
    );
  }
}

/** Moves rows from their staging tables to their places. */
async function mergeRows(
  connection: SqlConnection,
  statements: ShipStatements,
  parts: readonly EncodedTable[],
): Promise<void> {
  const script = parts.flatMap(({ table, isFresh, hasPartialRows }) => {
    const upsert = isFresh ? undefined : statements.upserts[table];
    if (upsert === undefined) return [];
    const { merge, advance, clear } = upsert;
    return [merge, hasPartialRows && advance !== undefined ? advance : [], clear].flat();
  });
  if (script.length > 0) await connection.script(script.join(';\n'));
}

/** How long a shipment that is ready waits for the one before it, which may need a lock that this one holds. */
const turnMillis = 5_000;

async function isStored(before: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), turnMillis).unref();
  });
  try {
    return await Promise.race([before, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** Last instant that Postgres and `Date` both write with four digits of the year. */
const lastMillis = Date.UTC(9999, 11, 31);

/** Microseconds since the epoch as a timestamp parameter. */
export function toTimestamp(micros: number): string {
  return new Date(Math.min(Math.max(Math.floor(micros / 1000), 0), lastMillis)).toISOString();
}
