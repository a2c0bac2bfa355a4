import { type ItemGroup, itemStateNames, itemStates } from '../../domain/item-states.ts';
import { quoteIdentifier } from '../../shipping/identifier.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import { createConditions } from './conditions.ts';

/** Which part of the ledger figures are made of. */
export interface StatisticsScope {
  readonly sessionId?: string | undefined;
  readonly since?: Date | undefined;
}

export type ItemStatistics = {
  readonly items: number;
  readonly succeeded: number;
  readonly skipped: number;
  /** Failed and missing. */
  readonly failed: number;
  /** Failed and missing of all items, from 0 to 1; null without items. */
  readonly error_rate: number | null;
  readonly mean_ms: number | null;
  readonly p95_ms: number | null;
  /** Ended items per second between the first start and the last end; null without them. */
  readonly items_per_second: number | null;
};

export type NamedCount = { readonly name: string; readonly count: number };
export type PerformanceSummary = { readonly operation: string; readonly count: number; readonly mean_ms: number };

/** The figures of `spanledger stats`. */
export interface Statistics extends ItemStatistics {
  readonly sessions: readonly NamedCount[];
  readonly top_errors: readonly NamedCount[];
  readonly performance: readonly PerformanceSummary[];
  /** By day in UTC, `yyyy-mm-dd`. */
  readonly inconsistencies: readonly NamedCount[];
}

/** Computes the figures in the database. */
export async function readStatistics(store: LedgerStore, schema: string, scope: StatisticsScope): Promise<Statistics> {
  const prefix = quoteIdentifier(schema);
  const [items] = await run<ItemStatistics>(store, scope, itemStatement(prefix), 'session_id', 'started_at');
  if (items === undefined) throw new TypeError('an aggregate without groups has one row');
  return {
    ...items,
    sessions: await run<NamedCount>(store, scope, sessionStatement(prefix), 'id', 'started_at'),
    top_errors: await run<NamedCount>(store, scope, errorStatement(prefix), 'session_id', 'created_at'),
    performance: await run<PerformanceSummary>(store, scope, performanceStatement(prefix), 'session_id', 'created_at'),
    inconsistencies: await run<NamedCount>(store, scope, inconsistencyStatement(prefix), 'session_id', 'created_at'),
  };
}

type Statement = (where: (extra: string) => string) => string;

function run<T extends Record<string, unknown>>(
  store: LedgerStore,
  scope: StatisticsScope,
  statement: Statement,
  idColumn: string,
  timeColumn: string,
): Promise<readonly T[]> {
  const conditions = createConditions().add(`${idColumn} = ?`, scope.sessionId).add(`${timeColumn} >= ?`, scope.since);
  const sql = statement((extra) => conditions.when(extra !== '', extra).toSql());
  return store.query<T>(sql, conditions.parameters);
}

/** The states that count as `group`, as an SQL list. */
const statesOf = (group: ItemGroup) =>
  `(${itemStateNames
    .filter((state) => itemStates[state].countsAs === group)
    .map((state) => `'${state}'`)
    .join(', ')})`;

const itemStatement =
  (prefix: string): Statement =>
  (where) =>
    `
  select count(*)::integer as items,
         (count(*) filter (where state in ${statesOf('imported')}))::integer as succeeded,
         (count(*) filter (where state in ${statesOf('skipped')}))::integer as skipped,
         (count(*) filter (where state in ${statesOf('failed')}))::integer as failed,
         (count(*) filter (where state in ${statesOf('failed')}))::double precision / nullif(count(*), 0) as error_rate,
         avg(millis)::double precision as mean_ms,
         percentile_cont(0.95) within group (order by millis) as p95_ms,
         count(millis) / nullif(extract(epoch from max(ended_at) - min(started_at)), 0)::double precision as items_per_second
    from (select state, started_at, ended_at, (extract(epoch from ended_at - started_at) * 1000)::double precision as millis
            from ${prefix}.import_items ${where('')}) item`;

const sessionStatement =
  (prefix: string): Statement =>
  (where) =>
    `
  select coalesce(state, 'pending') as name, count(*)::integer as count
    from ${prefix}.import_sessions ${where('')}
   group by 1 order by 2 desc, 1`;

const errorStatement =
  (prefix: string): Statement =>
  (where) =>
    `
  select coalesce(details ->> 'category', error_type, event) as name, count(*)::integer as count
    from ${prefix}.audit_log ${where(`level in ('error', 'critical')`)}
   group by 1 order by 2 desc, 1 limit 5`;

const performanceStatement =
  (prefix: string): Statement =>
  (where) =>
    `
  select coalesce(details ->> 'operation', message) as operation, count(*)::integer as count, avg(duration_ms) as mean_ms
    from ${prefix}.audit_log ${where(`category = 'performance' and duration_ms is not null`)}
   group by 1 order by 3 desc, 1 limit 10`;

const inconsistencyStatement =
  (prefix: string): Statement =>
  (where) =>
    `
  select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as name, count(*)::integer as count
    from ${prefix}.audit_log ${where(`category = 'consistency' and level <> 'info' and level <> 'debug'`)}
   group by 1 order by 1 desc limit 31`;
