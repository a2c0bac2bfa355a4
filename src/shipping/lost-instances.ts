import { type CauseOfDeath, causeOfDeath, type DeathEvidence, isProven } from '../domain/cause-of-death.ts';
import { type GoneLimits, judgeGone } from '../domain/interruption.ts';
import { qualified } from './identifier.ts';
import type { SqlConnection } from './sql-connection.ts';

/** A process that may be gone, as the database knows it. */
export interface LostCandidate extends Record<string, unknown> {
  readonly instance_id: string;
  readonly service_name: string;
  readonly host: string;
  readonly pid: number;
  readonly started_at: Date;
  readonly last_seen_at: Date;
  readonly ended_at: Date | null;
  readonly exit_code: number | null;
  readonly exit_signal: string | null;
  readonly exit_evidence: DeathEvidence | null;
  readonly silent_millis: number;
  /** How long it has been under suspicion since its last sign of life. */
  readonly suspected_millis: number | null;
  /** Its work was closed before. */
  readonly is_closed: boolean;
  /** Its work was closed, and it has given a sign of life since. */
  readonly is_back: boolean;
}

/** Whether a process runs where the judge can see it; `undefined` where he cannot. */
export type SeesProcess = (
  candidate: Pick<LostCandidate, 'instance_id' | 'host' | 'pid' | 'started_at'>,
) => boolean | undefined;

/**
 * Processes with open work, and those whose work was closed and of whom records or signs of life have come since. Open work is few
 * rows, behind an index of its own.
 */
export function findCandidates(connection: SqlConnection, schema: string): Promise<readonly LostCandidate[]> {
  const name = (table: string) => qualified(schema, table);
  return connection.query<LostCandidate>(
    `select i.instance_id, i.service_name, i.host, i.pid, i.started_at, i.last_seen_at, i.ended_at, i.exit_code, i.exit_signal,
        i.exit_evidence, extract(epoch from now() - i.last_seen_at)::double precision * 1000 as silent_millis,
        case when l.seen_at = i.last_seen_at
          then extract(epoch from now() - l.suspected_at)::double precision * 1000 end as suspected_millis,
        l.closed_at is not null as is_closed,
        coalesce(l.closed_at is not null and i.ended_at is null and i.last_seen_at > l.seen_at, false) as is_back
      from ${name('instances')} i
      left join ${name('lost_instances')} l on l.instance_id = i.instance_id
      where i.instance_id in (select p.instance_id from ${name('task_progress')} p where p.ended_at is null)
        or (l.closed_at is not null
          and ((i.ended_at is null and i.last_seen_at > l.seen_at) or l.records <> (${recordsOf(schema, 'i.instance_id')})))
      order by i.instance_id`,
  );
}

/** Records of a process that are stored. One that has run for months has thousands of segments: asked for only where it matters. */
export function recordsOf(schema: string, instanceId: string): string {
  return `select coalesce(sum(s.records), 0)::bigint from ${qualified(schema, 'shipments')} s where s.instance_id = ${instanceId}`;
}

/** What is to be done about a candidate. */
export function judgeCandidate(
  candidate: LostCandidate,
  limits: GoneLimits,
  sees: SeesProcess,
): 'gone' | 'suspect' | 'alive' {
  const isEnded = candidate.ended_at !== null;
  const isRunningHere = isEnded ? undefined : sees(candidate);
  return judgeGone(
    {
      isEnded,
      isProven: isProven(causeOf(candidate)),
      silentMillis: candidate.silent_millis,
      ...(candidate.suspected_millis !== null && { suspectedMillis: candidate.suspected_millis }),
      ...(isRunningHere !== undefined && { isRunningHere }),
    },
    limits,
  );
}

/** Why a process ended, as far as what is stored proves it. */
export function causeOf({ exit_code, exit_signal, exit_evidence }: LostCandidate): CauseOfDeath {
  return causeOfDeath({
    ...(exit_code !== null && { exitCode: exit_code }),
    ...(exit_signal !== null && { exitSignal: exit_signal }),
    ...(exit_evidence !== null && { evidence: exit_evidence }),
  });
}

/** Puts a process under suspicion, from now on, unless it is already since its last sign of life. */
export async function suspect(
  connection: SqlConnection,
  schema: string,
  { instance_id }: Pick<LostCandidate, 'instance_id'>,
): Promise<void> {
  await connection.query(
    `insert into ${qualified(schema, 'lost_instances')} as l (instance_id, suspected_at, seen_at)
      select i.instance_id, now(), i.last_seen_at from ${qualified(schema, 'instances')} i where i.instance_id = $1
      on conflict (instance_id) do update set suspected_at = excluded.suspected_at, seen_at = excluded.seen_at
      where l.closed_at is null and l.seen_at <> excluded.seen_at`,
    [instance_id],
  );
}
