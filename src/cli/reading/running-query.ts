import { expectationChore, learnInTurn } from '../../shipping/expectations.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import type { Statement } from '../../shipping/sql-connection.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import { createConditions } from './conditions.ts';
import type { RunningFilter } from './ledger-reader.ts';
import { type ProcessRow, toProcessRow } from './process-row.ts';
import type { RunningRow } from './rows.ts';

/** Open units, judged at one moment, each with its process. */
export async function readRunning(
  store: SqlLedgerStore,
  prefix: string,
  filter: RunningFilter,
  last: number,
): Promise<readonly RunningRow[]> {
  const statements = [knowledge(prefix), openUnits(prefix, filter, last)] as const;
  const [[known], rows] = await onceLearned(store, () => store.queries<[Knowledge, OpenUnit]>(statements));
  return known === undefined ? [] : toRunningRows(rows, known);
}

/** What is known at the moment of the question. */
export type Knowledge = {
  readonly judged_at: Date;
  /** Something is open, and what was learned of durations is old. */
  readonly is_behind: boolean;
};

/** An open unit; the first of each process, in this order, brings the row of its process along for the others. */
export type OpenUnit = Omit<RunningRow, 'process' | 'judged_at'> & { readonly process: unknown };

/** Processes that ship learn far more often; where none does, whoever asks learns. */
const oldAfterSeconds = 300;

/** A `Knowledge`. */
export function knowledge(prefix: string): Statement {
  return {
    sql: `
    select now() as judged_at, exists (select from ${prefix}.task_progress where ended_at is null)
      and not exists (
        select from ${prefix}.chores where name = '${expectationChore}' and began_at > now() - interval '${oldAfterSeconds} seconds'
      ) as is_behind`,
    parameters: [],
  };
}

/**
 * `OpenUnit`s with their processes, whatever columns `instances` has, and with their last event: of a session or item the newest
 * record of it, of another unit the last one that moved its row.
 */
export function openUnits(prefix: string, filter: RunningFilter, last: number): Statement {
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
      coalesce(e.created_at, case when r.last_event is not null then r.last_progress_at end) as last_event_at, p.process
    from shown r
    left join lateral (
      select to_jsonb(i) as process from ${prefix}.instances i where i.instance_id = r.instance_id and r.place = 1 limit 1
    ) p on true
    left join (
      select told.* from (
        select array_agg(no) as nos, array_agg(session_id) as sessions, array_agg(case when unit = 'item' then item_id end) as items,
          array_agg(started_at - ${margin}) as sinces
        from shown where unit in ('session', 'item') ${onlyStuck ? `and ${isStuck}` : ''}
      ) asked cross join lateral ${prefix}.last_records(asked.nos, asked.sessions, asked.items, asked.sinces) told
    ) e on e.no = r.no
    order by r.started_at, r.span_id`;
  return { sql, parameters: where.parameters };
}

/** Asks again where something was to be learned before and the role may; an old comparison is better than none. */
export async function onceLearned<T extends readonly [readonly Knowledge[], ...(readonly unknown[])]>(
  store: SqlLedgerStore,
  ask: () => Promise<T>,
): Promise<T> {
  const answers = await ask();
  if (answers[0][0]?.is_behind !== true) return answers;
  try {
    await learnInTurn(store, { instanceId: 'command line', everySeconds: oldAfterSeconds });
  } catch {
    return answers;
  }
  return ask();
}

/** The rows, each with its process. Nobody else has them, so they are changed in place. */
export function toRunningRows(rows: readonly OpenUnit[], { judged_at }: Knowledge): readonly RunningRow[] {
  const processes = new Map<string | null, ProcessRow | null>();
  return rows.map((row) => {
    const known = processes.get(row.instance_id);
    const process = known === undefined ? toProcessRow(row.process) : known;
    if (known === undefined) processes.set(row.instance_id, process);
    return Object.assign(row, { process, judged_at });
  });
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
export async function readProcesses(store: LedgerStore, prefix: string): Promise<readonly ProcessRow[]> {
  return toProcesses(await store.query<FoundProcess>(livingProcesses(prefix)));
}

export type FoundProcess = { readonly process: unknown };

/** `FoundProcess`es that have not ended and were seen in the last two minutes. */
export function livingProcesses(prefix: string, condition = 'true'): string {
  return `select to_jsonb(p) as process from ${prefix}.instances p
      where ended_at is null and last_seen_at > now() - interval '2 minutes' and ${condition} order by started_at`;
}

export function toProcesses(rows: readonly FoundProcess[]): readonly ProcessRow[] {
  return rows.flatMap(({ process }) => toProcessRow(process) ?? []);
}
