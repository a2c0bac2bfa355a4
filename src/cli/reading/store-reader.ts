import { quoteIdentifier } from '../../shipping/identifier.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { type Conditions, createConditions } from './conditions.ts';
import { readDatabaseWaits } from './database-waits.ts';
import type { EventFilter, LedgerReader, SessionFilter, UnitFilter } from './ledger-reader.ts';
import { toProcessEnd } from './process-row.ts';
import { readRoutes, readTimes } from './request-figures.ts';
import { readRequestLogs } from './request-logs.ts';
import { readRequests } from './requests.ts';
import type { ErrorGroup, EventRow, SessionRow, StateCount, StepSummary, UnitRow } from './rows.ts';
import { readProcesses, readRunning } from './running-query.ts';
import { readStatistics } from './statistics.ts';
import { readSteps } from './step-groups.ts';
import { readStuckEvidence } from './stuck-evidence.ts';

/** Reads the tables of a database with plain SQL. */
export function createStoreReader(store: SqlLedgerStore, schema: string): LedgerReader {
  const prefix = quoteIdentifier(schema);
  const page = async <T extends Record<string, unknown>>(
    select: string,
    where: Conditions,
    order: string,
    last: number,
  ) => store.query<T>(`${select} ${where.toSql()} ${order} limit ${where.bind(last)}`, where.parameters);
  return {
    description: store.description,
    sessions: (filter) => readSessions(store, prefix, filter),
    itemStates: (sessionId) =>
      store.query<StateCount>(
        `select coalesce(state, 'pending') as state, count(*)::integer as count from ${prefix}.import_items where session_id = $1 group by 1`,
        [sessionId],
      ),
    async removedItems(sessionId) {
      // A ledger that an older version has made knows of none.
      const [known] = await store.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
        `${prefix}.trimmed_sessions`,
      ]);
      if (known?.there !== true) return 0;
      const sql = `select items from ${prefix}.trimmed_sessions where session_id = $1`;
      const [row] = await store.query<{ items: number }>(sql, [sessionId]);
      return row?.items ?? 0;
    },
    async events(filter, last) {
      const select = `select ${eventColumns} from ${prefix}.audit_log`;
      const rows = await page<EventRow>(select, eventConditions(filter), 'order by created_at desc, id desc', last);
      return rows.toReversed();
    },
    requests: (filter, requested) => readRequests(store, prefix, filter, requested),
    requestLogs: (requests) => readRequestLogs(store, prefix, requests),
    routes: (filter, last) => readRoutes(store, prefix, filter, last),
    requestTimes: (filter, asked) => readTimes(store, prefix, filter, asked),
    async units(filter, last) {
      const select = `select ${unitColumns} from ${prefix}.task_progress`;
      const rows = await page<UnitRow>(select, unitConditions(filter), 'order by created_at desc, span_id desc', last);
      return rows.toReversed();
    },
    steps: (filter) => readSteps(store, prefix, unitConditions(filter, 'p.')),
    taskRuns: (taskName, last) => store.query<UnitRow>(taskRuns(prefix), [taskName, last]),
    async process(instanceId) {
      const sql = `select to_jsonb(p) as process from ${prefix}.instances p where instance_id = $1`;
      const [row] = await store.query<{ process: unknown }>(sql, [instanceId]);
      return toProcessEnd(row?.process);
    },
    slowestSteps: (sessionId, last) => store.query<StepSummary>(slowestSteps(prefix), [sessionId, last]),
    errorGroups: (sessionId) => store.query<ErrorGroup>(errorGroups(prefix), [sessionId]),
    running: (filter, last) => readRunning(store, prefix, filter, last),
    stuckEvidence: (filter, last) => readStuckEvidence(store, prefix, filter, last),
    processes: () => readProcesses(store, prefix),
    databaseWaits: () => readDatabaseWaits(store),
    statistics: (scope) => readStatistics(store, schema, scope),
    close: () => store.close(),
  };
}

/** The newest first, those of which nobody knows the start at the end. Each half comes in the order of the index by start. */
async function readSessions(
  store: SqlLedgerStore,
  prefix: string,
  filter: SessionFilter,
): Promise<readonly SessionRow[]> {
  const where = sessionConditions(filter);
  const condition = where.toSql();
  const limit = where.bind(filter.last);
  const and = condition === '' ? 'where' : `${condition} and`;
  const half = (start: string, order: string) =>
    `(select * from ${prefix}.import_sessions ${and} started_at is ${start} order by ${order} limit ${limit})`;
  return store.query<SessionRow>(
    `select ${sessionColumns(prefix)}
      from (${half('not null', 'started_at desc, id desc')} union all ${half('null', 'id desc')}) s
      order by started_at desc nulls last, id desc limit ${limit}`,
    where.parameters,
  );
}

/** A trace id as people write it: 32 hex digits. */
const hexTraceId = `replace(trace_id::text, '-', '') as trace_id`;

const counts = ['total', 'pending', 'processing', 'imported', 'skipped', 'failed', 'missing'];

/** What the process says of itself is taken from its row whole: an older ledger has not all of the columns. */
const sessionColumns = (
  prefix: string,
) => `id, kind, account_id, coalesce(state, 'pending') as state, reason, coalesce(attempt, 1) as attempt,
  ${counts.map((name) => `coalesce(${name}, 0) as ${name}`).join(', ')}, service_name, instance_id, ${hexTraceId}, started_at, last_progress_at, ended_at,
  ${['service_version', 'service_revision'].map((name) => `(select to_jsonb(p) ->> '${name}' from ${prefix}.instances p where p.instance_id = s.instance_id) as ${name}`).join(', ')}`;

/** Columns of audit_log as an `EventRow`. */
export const eventColumns = `id, created_at, level, category, event, message, service_name, session_id, item_id, correlation_id,
  request_id, task_id, user_id, ${hexTraceId}, span_id, seq, from_state, to_state, reason, duration_ms, details,
  error_type, error_message, stack_trace, recommended_actions`;

const unitColumns = `${hexTraceId}, span_id, parent_span_id, service_name, session_id, item_id, unit, task_name, step_name,
  status, attempt, done, total, last_event, error_message, created_at, updated_at, ended_at, duration_ms, instance_id,
  waiting_until, wait_reason, expectation`;

function sessionConditions(filter: SessionFilter): Conditions {
  const states = filter.states?.length === 0 ? undefined : filter.states;
  return createConditions()
    .add('id = ?', filter.id)
    .add(`coalesce(state, 'pending') = any(?::text[])`, states)
    .add('kind = ?', filter.kind)
    .add('account_id = ?', filter.accountId)
    .add('started_at >= ?', filter.since)
    .add('(ended_at >= ? or ended_at is null)', filter.openOrEndedSince);
}

/** The conditions that a filter puts on audit_log. */
export function eventConditions(filter: EventFilter): Conditions {
  return createConditions()
    .add('session_id = ?', filter.sessionId)
    .add('item_id = ?', filter.itemId)
    .add('trace_id = ?::uuid', filter.traceId)
    .add('correlation_id = ?', filter.correlationId)
    .add('task_id = ?', filter.taskId)
    .add(`(task_id = ? or details ->> 'job_id' = ?)`, filter.jobId)
    .add('level = any(?::text[])', filter.levels)
    .add('event = any(?::text[])', filter.events)
    .add('category = ?', filter.category)
    .add('created_at >= ?', filter.since);
}

function unitConditions(filter: UnitFilter, alias = ''): Conditions {
  return createConditions()
    .add(`${alias}session_id = ?`, filter.sessionId)
    .add(`${alias}unit = any(?::text[])`, filter.units)
    .add(`${alias}item_id = ?`, filter.itemId)
    .add(`${alias}trace_id = ?::uuid`, filter.traceId)
    .add(`${alias}instance_id = ?`, filter.instanceId)
    .add(`${alias}created_at >= ?`, filter.since);
}

/** Outside of sessions there is no index by task: the last 4 MB of the table are looked at, as for the history of `v_running`. */
const taskRuns = (prefix: string) => `
  select ${unitColumns} from ${prefix}.task_progress p
   where p.ctid >= (select format('(%s,0)', greatest(0, pg_relation_size('${prefix}.task_progress'::regclass)
       / current_setting('block_size')::integer - 512))::tid)
     and session_id is null and task_name = $1 and unit in ('step', 'task', 'batch')
     and not exists (
       select from ${prefix}.task_progress o where o.trace_id = p.trace_id and o.span_id = p.parent_span_id)
   order by created_at desc limit $2`;

const slowestSteps = (prefix: string) => `
  select task_name, step_name, count(*)::integer as count,
         (count(*) filter (where status = 'FAILED'))::integer as failed,
         avg(duration_ms) as mean_ms, max(duration_ms) as max_ms, sum(duration_ms) as total_ms
    from ${prefix}.task_progress
   where session_id = $1 and unit in ('step', 'task', 'batch') and ended_at is not null and duration_ms is not null
   group by task_name, step_name
   order by total_ms desc, step_name
   limit $2`;

const errorGroups = (prefix: string) => `
  select coalesce(details ->> 'category', 'unknown') as category, recommended_actions as actions, count(*)::integer as count
    from ${prefix}.audit_log
   where session_id = $1 and level in ('error', 'critical')
   group by 1, 2
   order by 3 desc, 1`;
