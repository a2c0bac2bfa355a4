import type { LedgerStore } from '../../shipping/store.ts';
import { createConditions } from './conditions.ts';
import type { RunningFilter } from './ledger-reader.ts';
import { type ProcessRow, toProcessRow } from './process-row.ts';
import type { RunningRow } from './rows.ts';

/**
 * Open units with their processes, whatever columns `instances` has, and with their last event: of a session or item the newest
 * record of it, of another unit the last one that moved its row.
 */
export async function readRunning(
  store: LedgerStore,
  prefix: string,
  filter: RunningFilter,
  last: number,
): Promise<readonly RunningRow[]> {
  const verdicts = filter.verdicts?.length === 0 ? undefined : filter.verdicts;
  const where = createConditions()
    .add('session_id = ?', filter.sessionId)
    .add('unit = any(?::text[])', filter.units)
    .add('service_name = ?', filter.service)
    .add('task_name = ?', filter.task)
    .add('verdict = any(?::text[])', verdicts);
  const limit = where.bind(last);
  const sql = `
    select ${columns}, coalesce(s.event, i.event, r.last_event) as last_event,
      coalesce(s.created_at, i.created_at, case when r.last_event is not null then r.last_progress_at end) as last_event_at,
      to_jsonb(p) as process, now() as judged_at
    from (select * from ${prefix}.v_running ${where.toSql()} order by started_at, span_id limit ${limit}) r
    left join ${prefix}.instances p on p.instance_id = r.instance_id
    left join lateral (
      select e.event, e.created_at from ${prefix}.audit_log e
      where r.unit = 'session' and e.session_id = r.session_id and e.created_at >= r.started_at - ${margin} order by e.created_at desc limit 1
    ) s on true
    left join lateral (
      select e.event, e.created_at from ${prefix}.audit_log e
      where r.unit = 'item' and e.item_id = r.item_id and e.session_id = r.session_id and e.created_at >= r.started_at - ${margin}
      order by e.created_at desc limit 1
    ) i on true
    order by r.started_at, r.span_id`;
  const rows = await store.query<RunningRow & { process: unknown }>(sql, where.parameters);
  return rows.map((row) => ({ ...row, process: toProcessRow(row.process) }));
}

/**
 * Nothing that is told of a unit is older than this before its start. It keeps the months before out of the question: where the planner
 * expects a session's rows everywhere, it would walk through all records of a month in which there are none.
 */
const margin = `interval '1 minute'`;

const columns = [
  'unit',
  'session_id',
  'item_id',
  'task_name',
  'step_name',
  'status',
  'attempt',
  'done',
  'total',
  'kind',
  'service_name',
  'instance_id',
  'host',
  'pid',
  'span_id',
  'parent_span_id',
  'started_at',
  'last_progress_at',
  'last_seen_at',
  'instance_ended_at',
  'running_seconds',
  'silent_seconds',
  'waiting_until',
  'wait_reason',
  'stuck_after_seconds',
  'stuck_after_source',
  'limit_seconds',
  'expected_seconds',
  'expected_source',
  'expectation',
  'history_runs',
  'history_median_seconds',
  'history_p95_seconds',
  'verdict',
]
  .map((name) => `r.${name}`)
  .concat(`replace(r.trace_id::text, '-', '') as trace_id`)
  .join(', ');

/** Processes that have not ended and were seen in the last two minutes. */
export async function readProcesses(store: LedgerStore, prefix: string): Promise<readonly ProcessRow[]> {
  const rows = await store.query<{ process: unknown }>(
    `select to_jsonb(p) as process from ${prefix}.instances p
      where ended_at is null and last_seen_at > now() - interval '2 minutes' order by started_at`,
  );
  return rows.flatMap(({ process }) => toProcessRow(process) ?? []);
}
