import type { CauseOfDeath } from '../domain/cause-of-death.ts';
import type { GoneLimits } from '../domain/interruption.ts';
import { defaultVerdictLimits } from '../domain/verdict.ts';
import { threadOf } from '../journal/thread-instance.ts';
import type { Row } from '../projection/tables.ts';
import { qualified } from './identifier.ts';
import { type Deceased, interruptionReason, interruptionRows } from './interruption-records.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import {
  causeOf,
  findCandidates,
  judgeCandidate,
  type LostCandidate,
  recordsOf,
  type SeesProcess,
  suspect,
} from './lost-instances.ts';
import { reopenWork } from './lost-revival.ts';
import { failReopened, failStates, recount } from './lost-states.ts';
import { type Closing, closeUnits, lockLeftItems, lockOpenUnits } from './lost-units.ts';
import { PartitionNeeds } from './partition-months.ts';
import { appendAudit } from './row-append.ts';
import { seesProcess } from './seen-process.ts';
import type { SqlConnection } from './sql-connection.ts';

export interface LostWorkOptions {
  /** Who closes: an instance id, or a name for the command that does. */
  readonly closedBy: string;
  /** Default: the silence after which work counts as lost. */
  readonly silenceMillis?: number;
  /** How long a parent may take to tell why a process ended; default 5 seconds. */
  readonly graceMillis?: number;
  readonly sees?: SeesProcess;
}

/** What became of one process. */
export interface LostInstance {
  readonly instanceId: string;
  readonly service: string;
  readonly host: string;
  readonly pid: number;
  /**
   * `closed`: its open work was closed now; `suspected`: it is given time to show that it lives; `reopened`: it lives, and has its work
   * back.
   */
  readonly status: 'closed' | 'suspected' | 'reopened';
  readonly cause: CauseOfDeath;
  readonly sessions: number;
  readonly items: number;
  /** Sessions, items, steps, tasks and batches together. */
  readonly units: number;
}

/** That it is gone, and why: `is gone, of unknown cause`, `lost its worker thread 3, which ended with exit code 1`. */
export function goneText(instanceId: string, { kind, text }: CauseOfDeath): string {
  return threadOf(instanceId) === undefined || kind === 'unknown' ? `is gone, ${text}` : text;
}

const defaultGraceMillis = 5_000;
const nothing = { sessions: 0, items: 0, units: 0 };
type Counts = typeof nothing;

/**
 * Closes the open work of processes that are gone: sessions and items move to `failed` by legal moves, their units end as FAILED, each
 * with an audit row that tells the cause as far as it is proven. Each unit is closed once, whoever looks; of several who look at once
 * one closes. Records of the process itself that arrive later win.
 *
 * @throws what the database says
 */
export async function closeLostWork(store: SqlLedgerStore, options: LostWorkOptions): Promise<readonly LostInstance[]> {
  const { silenceMillis = defaultVerdictLimits.lostAfterMillis, graceMillis = defaultGraceMillis } = options;
  const candidates = await store.database.transaction(
    (connection) => findCandidates(connection, store.schema),
    'read only',
  );
  const found: LostInstance[] = [];
  for (const candidate of candidates) {
    const outcome = await attend(store, candidate, { ...options, silenceMillis, graceMillis });
    if (outcome !== undefined) found.push(outcome);
  }
  return found;
}

async function attend(
  store: SqlLedgerStore,
  candidate: LostCandidate,
  options: LostWorkOptions & GoneLimits,
): Promise<LostInstance | undefined> {
  const { schema, database } = store;
  const tell = (status: LostInstance['status'], counts: Counts): LostInstance => ({
    instanceId: candidate.instance_id,
    service: candidate.service_name,
    host: candidate.host,
    pid: candidate.pid,
    status,
    cause: causeOf(candidate),
    ...counts,
  });
  if (candidate.is_back) {
    const counts = await reopenWork(store, candidate);
    return counts === undefined ? undefined : tell('reopened', counts);
  }
  const verdict = candidate.is_closed ? 'gone' : judgeCandidate(candidate, options, options.sees ?? seesProcess);
  if (verdict === 'alive') return undefined;
  if (verdict === 'suspect') {
    await database.transaction((connection) => suspect(connection, schema, candidate));
    return tell('suspected', nothing);
  }
  const counts = await close(store, candidate, options.closedBy);
  return counts === undefined ? undefined : tell('closed', counts);
}

/** All of it in one transaction, under a lock on the process' own row: its next sign of life waits for the end of it. */
async function close(store: SqlLedgerStore, candidate: LostCandidate, closedBy: string): Promise<Counts | undefined> {
  const { schema } = store;
  const needs = new PartitionNeeds();
  needs.add('audit_log', Date.now() * 1000);
  await store.partitions.make(needs);
  const deceased = toDeceased(candidate, closedBy);
  return store.database.transaction(async (connection) => {
    if (!(await lockInstance(connection, schema, candidate))) return undefined;
    const told = { instanceId: candidate.instance_id, reason: interruptionReason(deceased) };
    // Before its units are looked at: what is stored later makes the two differ, and its units are looked at again.
    const records = await countRecords(connection, schema, candidate);
    const at = await clockOf(connection);
    const counts = { ...nothing };
    for (;;) {
      const closings = await lockOpenUnits(connection, schema, candidate.instance_id);
      if (closings.length === 0) break;
      const sessionIds = closings.flatMap(({ unit }) => (unit.unit === 'session' ? (unit.sessionId ?? []) : []));
      await closeUnits(connection, schema, { closings, ...told });
      await failStates(connection, schema, { closings, ...told });
      const left = await lockLeftItems(connection, schema, { instanceId: told.instanceId, sessionIds });
      await failStates(connection, schema, { closings: left, ...told });
      await appendAudit(connection, schema, rowsOf([...closings, ...left], deceased, at));
      add(counts, [...closings, ...left]);
    }
    await failReopened(connection, schema, told);
    await recount(connection, schema, told.instanceId);
    await noteClosed(connection, schema, deceased, records);
    await forgetOld(connection, schema);
    return counts.units === 0 ? undefined : counts;
  });
}

function rowsOf(closings: readonly Closing[], deceased: Deceased, at: () => number): readonly Row[] {
  return closings.flatMap(({ unit, interruption, row }) => {
    const isWork = unit.unit !== 'session' && unit.unit !== 'item';
    const { steps: _, ...stateless } = unit;
    // A session or item without a row of its own lost more than its end; that it was interrupted is told all the same.
    const isToldByState = !isWork && row.state !== null;
    return interruptionRows(isToldByState ? { ...unit, steps: interruption.steps } : stateless, deceased, at);
  });
}

function add(counts: Counts, closings: readonly Closing[]): void {
  counts.units += closings.length;
  counts.sessions += closings.filter(({ unit }) => unit.unit === 'session').length;
  counts.items += closings.filter(({ unit }) => unit.unit === 'item').length;
}

function toDeceased(candidate: LostCandidate, closedBy: string): Deceased {
  const { instance_id: instanceId, host, pid, exit_evidence: evidence } = candidate;
  const { last_seen_at: lastSeenAt, ended_at: endedAt } = candidate;
  return { instanceId, host, pid, cause: causeOf(candidate), evidence, lastSeenAt, endedAt, closedBy };
}

/** Whoever waited for the lock finds the process as it was, or leaves it: it has given a sign of life. */
async function lockInstance(connection: SqlConnection, schema: string, candidate: LostCandidate): Promise<boolean> {
  const [row] = await connection.query<Pick<LostCandidate, 'ended_at' | 'last_seen_at'>>(
    `select ended_at, last_seen_at from ${qualified(schema, 'instances')} where instance_id = $1 for update`,
    [candidate.instance_id],
  );
  if (row === undefined) return false;
  const isEnded = row.ended_at !== null;
  return isEnded === (candidate.ended_at !== null) && (isEnded || isSame(row.last_seen_at, candidate.last_seen_at));
}

function isSame(one: Date, other: Date): boolean {
  return one.getTime() === other.getTime();
}

/** The time of the database, a microsecond later each time it is asked for, so that the rows keep their order. */
async function clockOf(connection: SqlConnection): Promise<() => number> {
  const [row] = await connection.query<{ now: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now',
  );
  let last = row?.now ?? Date.now() * 1000;
  return () => {
    last += 1;
    return last;
  };
}

async function countRecords(
  connection: SqlConnection,
  schema: string,
  { instance_id }: Pick<LostCandidate, 'instance_id'>,
): Promise<number> {
  const [row] = await connection.query<{ records: number }>(`select (${recordsOf(schema, '$1')}) as records`, [
    instance_id,
  ]);
  return row?.records ?? 0;
}

async function noteClosed(
  connection: SqlConnection,
  schema: string,
  { instanceId, cause, closedBy }: Deceased,
  records: number,
): Promise<void> {
  await connection.query(
    `insert into ${qualified(schema, 'lost_instances')} as l
        (instance_id, suspected_at, seen_at, closed_at, closed_by, cause, explanation, records)
      select i.instance_id, now(), i.last_seen_at, now(), $2, $3, $4, $5 from ${qualified(schema, 'instances')} i
      where i.instance_id = $1
      on conflict (instance_id) do update set seen_at = excluded.seen_at,
        closed_at = coalesce(l.closed_at, excluded.closed_at), closed_by = coalesce(l.closed_by, excluded.closed_by),
        cause = excluded.cause, explanation = excluded.explanation, records = excluded.records`,
    [instanceId, closedBy, cause.kind, cause.text, records],
  );
}

/** How long it is kept what was closed, as an interval: for so long, records of a process that was lost may come late. */
export const lostKept = '90 days';

/** What was closed long ago is told by the audit log, as long as that is kept; no late record comes any more. */
async function forgetOld(connection: SqlConnection, schema: string): Promise<void> {
  await connection.query(
    `with old as (
        delete from ${qualified(schema, 'lost_instances')} where coalesce(closed_at, suspected_at) < now() - interval '${lostKept}'
        returning instance_id
      )
      delete from ${qualified(schema, 'lost_units')} u using old where u.instance_id = old.instance_id`,
  );
}
