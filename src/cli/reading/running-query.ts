import { expectationChore, learnInTurn } from '../../shipping/expectations.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import { createConditions } from './conditions.ts';
import type { ProcessFilter, RunningFilter } from './ledger-reader.ts';
import { type ProcessRow, toProcessRow } from './process-row.ts';
import type { RunningRow } from './rows.ts';

/**
 * Open units with their processes, whatever columns `instances` has, and with their last event: of a session or item the newest
 * record of it, of another unit the last one that moved its row.
 */
export async function readRunning(
  store: SqlLedgerStore,
  prefix: string,
  filter: RunningFilter,
  last: number,
): Promise<readonly RunningRow[]> {
  const { onlyStuck = false } = filter;
  const verdicts = filter.verdicts?.length === 0 ? undefined : filter.verdicts;
  const where = createConditions()
    .add('session_id = ?', filter.sessionId)
    .add('unit = any(?::text[])', filter.units)
    .add('service_name = ?', filter.service)
    .add('task_name = ?', filter.task)
    .add('verdict = any(?::text[])', verdicts)
    .when(onlyStuck, 'no in (select no from around)');
  const limit = where.bind(last);
  const sql = `
    with recursive ${onlyStuck ? stuckAndAround(prefix) : ''} shown as materialized (
      select *, row_number() over (partition by instance_id order by started_at, span_id) as place
      from (
        select * from ${onlyStuck ? 'open_unit' : `${prefix}.open_work()`} ${where.toSql()} order by started_at, span_id limit ${limit}
      ) u
    )
    select ${columns}, coalesce(e.event, r.last_event) as last_event,
      coalesce(e.created_at, case when r.last_event is not null then r.last_progress_at end) as last_event_at,
      to_jsonb(p) as process, now() as judged_at,
      (select began_at from ${prefix}.chores where name = '${expectationChore}') as learned_at
    from shown r
    left join ${prefix}.instances p on p.instance_id = r.instance_id and r.place = 1
    left join (
      select told.* from (
        select array_agg(no) as nos, array_agg(session_id) as sessions, array_agg(case when unit = 'item' then item_id end) as items,
          array_agg(started_at - ${margin}) as sinces
        from shown where unit in ('session', 'item') ${onlyStuck ? `and ${isStuck}` : ''}
      ) asked cross join lateral ${prefix}.last_records(asked.nos, asked.sessions, asked.items, asked.sinces) told
    ) e on e.no = r.no
    order by r.started_at, r.span_id`;
  const rows = await askOnceLearned(store, () => store.query<FoundRow>(sql, where.parameters));
  return withProcesses(rows);
}

/** The first unit of each process, in this order, brings the row of its process along for the others. */
function withProcesses(rows: readonly FoundRow[]): readonly RunningRow[] {
  const processes = new Map<string | null, ProcessRow | null>();
  return rows.map(({ learned_at: _, process: found, ...row }) => {
    const known = processes.get(row.instance_id);
    const process = known === undefined ? toProcessRow(found) : known;
    if (known === undefined) processes.set(row.instance_id, process);
    return { ...row, process };
  });
}

type FoundRow = Omit<RunningRow, 'process'> & { readonly process: unknown; readonly learned_at: Date | null };

/** Processes that ship learn far more often; where none does, whoever asks learns. */
const oldAfterSeconds = 300;

/** What was learned of durations is brought up to date where it is old and the role may; an old comparison is better than none. */
async function askOnceLearned(store: SqlLedgerStore, ask: () => Promise<readonly FoundRow[]>) {
  const rows = await ask();
  const [first] = rows;
  if (first === undefined || isFresh(first)) return rows;
  try {
    await learnInTurn(store, { instanceId: 'command line', everySeconds: oldAfterSeconds });
  } catch {
    return rows;
  }
  return ask();
}

function isFresh({ learned_at: learned, judged_at: now }: FoundRow): boolean {
  return learned !== null && now.getTime() - learned.getTime() < oldAfterSeconds * 1000;
}

const isStuck = `verdict in ('stuck', 'lost')`;

/** The units that are stuck or lost, and those around them, whatever else is asked for. */
const stuckAndAround = (prefix: string) => `
    open_unit as materialized (select * from ${prefix}.open_work()),
    around as (
      select no, parent from open_unit where ${isStuck}
      union
      select u.no, u.parent from around a join open_unit u on u.no = a.parent
    ),`;

/** Nothing that is told of a unit is older than this before its start. */
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
export async function readProcesses(
  store: LedgerStore,
  prefix: string,
  { onlyBlocked = false }: ProcessFilter = {},
): Promise<readonly ProcessRow[]> {
  const rows = await store.query<{ process: unknown }>(
    `select to_jsonb(p) as process from ${prefix}.instances p
      where ended_at is null and last_seen_at > now() - interval '2 minutes' ${onlyBlocked ? 'and blocked_since is not null' : ''}
      order by started_at`,
  );
  return rows.flatMap(({ process }) => toProcessRow(process) ?? []);
}
