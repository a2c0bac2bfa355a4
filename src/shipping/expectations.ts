import { takeTurn } from './chore-turn.ts';
import { qualified } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';

/** The row of `chores` that says when this was done last. */
export const expectationChore = 'expectations';

/** Whose turn it would be, and for how long what was learned last is good enough. */
export interface LearningTurn {
  readonly instanceId: string;
  readonly everySeconds: number;
}

/**
 * Learns how long units take, for `v_running` to compare with, unless somebody has done so within `everySeconds`. Answers whether it
 * was done.
 */
export async function learnInTurn(store: SqlLedgerStore, turn: LearningTurn): Promise<boolean> {
  if (!(await takeTurn(store, { name: expectationChore, ...turn }))) return false;
  await learnExpectations(store);
  return true;
}

/**
 * Reads the newest successes of each kind of unit and keeps what they took in `expectations`: of a session's units those in the last
 * four sessions of its kind that have ended and the last four that have not, of units outside of sessions those in the last pages of their table. Whatever does not occur there keeps
 * what was learned of it before, for a quarter of a year.
 */
export async function learnExpectations(store: SqlLedgerStore): Promise<void> {
  const name = (table: string) => qualified(store.schema, table);
  await store.database.transaction(async (connection) => {
    for (const statement of [learnUnits(name), learnSessions(name), forget(name)]) await connection.script(statement);
  });
}

type TableName = (table: string) => string;

/** Sorted, so that two who do this at once wait for each other and do not block each other. */
const learnUnits = (name: TableName) => `
  with recent as (
    select id from (
      select id, row_number() over (partition by kind, ended_at is null order by started_at desc) as place
      from (select id, kind, started_at, ended_at from ${name('import_sessions')} order by started_at desc limit 300) newest
    ) ranked where place <= 4
  ), lesson as (
    select r.unit, r.task_name, r.step_name, r.duration_ms, r.created_at
    from recent
    cross join lateral (
      select t.unit, t.task_name, t.step_name, t.duration_ms, t.created_at, t.status, t.ended_at
      from ${name('task_progress')} t where t.session_id = recent.id order by t.created_at desc limit 2000
    ) r
    where r.ended_at is not null and r.status = 'SUCCESS' and r.unit in ('item', 'step', 'task', 'batch')
    union all
    select t.unit, t.task_name, t.step_name, t.duration_ms, t.created_at
    from ${name('task_progress')} t
    where t.ctid >= (
        select format('(%s,0)', greatest(0, pg_relation_size(${literal(name('task_progress'))}::regclass)
          / current_setting('block_size')::integer - 512))::tid)
      and t.session_id is null and t.ended_at is not null and t.status = 'SUCCESS'
      and t.unit in ('item', 'step', 'task', 'batch')
  )
  insert into ${name('expectations')} as e (unit, task_name, step_name, runs, median_seconds, p95_seconds, learned_at)
  select unit, task_name, step_name, count(*), percentile_cont(0.5) within group (order by duration_ms) / 1000,
    percentile_cont(0.95) within group (order by duration_ms) / 1000, now()
  from (
    select l.*, row_number() over (partition by unit, task_name, step_name order by created_at desc) as age
    from lesson l where duration_ms is not null
  ) l
  where age <= 200
  group by task_name, step_name, unit
  order by task_name, step_name, unit
  on conflict (task_name, step_name, unit) do update set runs = excluded.runs, median_seconds = excluded.median_seconds,
    p95_seconds = excluded.p95_seconds, learned_at = excluded.learned_at
  where excluded.runs >= least(e.runs, ${enoughRuns})`;

/** Fewer than these take no place of more that were learned before. */
const enoughRuns = 20;

const learnSessions = (name: TableName) => `
  insert into ${name('expectations')} (unit, task_name, step_name, runs, median_seconds, p95_seconds, session_seconds,
    session_totals, learned_at)
  select 'session', kind, '', count(*), percentile_cont(0.5) within group (order by seconds),
    percentile_cont(0.95) within group (order by seconds), array_agg(seconds order by ended_at desc),
    array_agg(total order by ended_at desc), now()
  from (
    select kind, total, ended_at, extract(epoch from ended_at - started_at)::double precision as seconds,
      row_number() over (partition by kind order by ended_at desc) as age
    from (select * from ${name('import_sessions')} where ended_at is not null order by ended_at desc limit 1000) ended
    where state = 'imported' and kind is not null and started_at is not null
  ) s
  where age <= 100
  group by kind
  order by kind
  on conflict (task_name, step_name, unit) do update set runs = excluded.runs, median_seconds = excluded.median_seconds,
    p95_seconds = excluded.p95_seconds, session_seconds = excluded.session_seconds, session_totals = excluded.session_totals,
    learned_at = excluded.learned_at`;

/** Step names with ids in them would fill the table; of so many the oldest go. */
const mostExpectations = 10_000;

const forget = (name: TableName) => `
  delete from ${name('expectations')} where learned_at < now() - interval '90 days'
    or (task_name, step_name, unit) in (
      select task_name, step_name, unit from ${name('expectations')} order by learned_at desc offset ${mostExpectations})`;

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
