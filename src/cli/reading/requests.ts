import { percentile } from '../../domain/expectation.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import { json, number, toRequestRow, type Values } from './cells.ts';
import { type Conditions, createConditions } from './conditions.ts';
import { createNewest } from './newest.ts';
import type { RequestRow, RouteFigures } from './rows.ts';

/** What an HTTP request on record must match. Missing fields match everything; texts match exactly. */
export interface RequestFilter {
  readonly service?: string | undefined;
  readonly direction?: string | undefined;
  readonly method?: string | undefined;
  /** Template, as the framework has it. */
  readonly route?: string | undefined;
  readonly path?: string | undefined;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly correlationId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  /** The first and the last status. */
  readonly status?: readonly [number, number] | undefined;
  /** A status of 500 and above, none at all, or an end with a reason. */
  readonly onlyFailed?: boolean;
  readonly minMillis?: number | undefined;
  readonly since?: Date | undefined;
}

const failed = '(response_status >= 500 or response_status is null or reason is not null)';

const plainColumns = `id, created_at, service_name, direction, method, endpoint, route, response_status, reason, duration_ms, ip_address,
  user_id, session_id, correlation_id, request_id, replace(trace_id::text, '-', '') as trace_id, span_id`;

/** The newest `last` requests, oldest first; headers and bodies only where they are asked for. */
export async function readRequests(
  store: LedgerStore,
  prefix: string,
  filter: RequestFilter,
  { last, withBodies }: RequestPage,
): Promise<readonly RequestRow[]> {
  const where = conditionsOf(filter);
  const columns = withBodies ? `${plainColumns}, request_header, request_body, response_body` : plainColumns;
  const rows = await store.query<RequestRow>(
    `select ${columns} from ${prefix}.api_logs ${where.toSql()} order by created_at desc, id desc limit ${where.bind(last)}`,
    where.parameters,
  );
  return rows.toReversed();
}

export interface RequestPage {
  readonly last: number;
  readonly withBodies: boolean;
}

/** Where no route is known: the path with numbers and long ids as `:id`. */
const idInPath = '/(\\d+|[0-9a-fA-F-]{16,})(?=/|$)';

/** Requests by route, those that took the most time in all first. */
export function readRoutes(
  store: LedgerStore,
  prefix: string,
  filter: RequestFilter,
  last: number,
): Promise<readonly RouteFigures[]> {
  const where = conditionsOf(filter);
  const sql = `
    select direction, method, coalesce(route, regexp_replace(endpoint, '${idInPath}', '/:id', 'g')) as route,
           count(*)::integer as count,
           (count(*) filter (where ${failed}))::integer as failed,
           (count(*) filter (where response_status between 400 and 499 and not ${failed}))::integer as rejected,
           percentile_cont(0.5) within group (order by duration_ms) as median_ms,
           percentile_cont(0.95) within group (order by duration_ms) as p95_ms,
           max(duration_ms) as max_ms, coalesce(sum(duration_ms), 0) as total_ms, max(created_at) as last_at
      from ${prefix}.api_logs ${where.toSql()}
     group by 1, 2, 3
     order by total_ms desc, method, route
     limit ${where.bind(last)}`;
  return store.query<RouteFigures>(sql, where.parameters);
}

function conditionsOf(filter: RequestFilter): Conditions {
  return createConditions()
    .add('service_name = ?', filter.service)
    .add('direction = ?', filter.direction)
    .add('method = ?', filter.method)
    .add('route = ?', filter.route)
    .add('endpoint = ?', filter.path)
    .add('user_id = ?', filter.userId)
    .add('session_id = ?', filter.sessionId)
    .add('correlation_id = ?', filter.correlationId)
    .add('trace_id = ?::uuid', filter.traceId)
    .add('response_status >= ?', filter.status?.[0])
    .add('response_status <= ?', filter.status?.[1])
    .when(filter.onlyFailed === true, failed)
    .add('duration_ms >= ?', filter.minMillis)
    .add('created_at >= ?', filter.since);
}

/** The same from rows that are not in a database. */
export async function newestRequests(
  rows: AsyncIterable<Values>,
  filter: RequestFilter,
  { last, withBodies }: RequestPage,
): Promise<readonly RequestRow[]> {
  const newest = createNewest<Values>(last, ({ created_at: at }) => Number(at));
  for await (const values of rows) if (matches(values, filter)) newest.add(values);
  return newest
    .toArray()
    .map((values) => (withBodies ? { ...toRequestRow(values), ...bodiesOf(values) } : toRequestRow(values)));
}

/** The same from rows that are not in a database. */
export async function routeFigures(
  rows: AsyncIterable<Values>,
  filter: RequestFilter,
  last: number,
): Promise<readonly RouteFigures[]> {
  const groups = new Map<string, { first: RequestRow; requests: Brief[] }>();
  for await (const values of rows) {
    if (!matches(values, filter)) continue;
    const row = toRequestRow(values);
    const route = row.route ?? row.endpoint.replaceAll(new RegExp(idInPath, 'g'), '/:id');
    const key = JSON.stringify([row.direction, row.method, route]);
    const group = groups.get(key) ?? { first: { ...row, route }, requests: [] };
    groups.set(key, group);
    group.requests.push({
      at: row.created_at,
      millis: row.duration_ms ?? 0,
      isFailed: isFailed(values),
      status: row.response_status,
    });
  }
  return [...groups.values()]
    .map(({ first, requests }) => figuresOf(first, requests))
    .toSorted((a, b) => b.total_ms - a.total_ms || compare(a.method, b.method) || compare(a.route, b.route))
    .slice(0, last);
}

interface Brief {
  readonly at: Date;
  readonly millis: number;
  readonly isFailed: boolean;
  readonly status: number | null;
}

function figuresOf({ direction, method, route }: RequestRow, requests: readonly Brief[]): RouteFigures {
  const millis = requests.map((request) => request.millis).toSorted((a, b) => a - b);
  const isRejected = ({ status, isFailed: fails }: Brief) => !fails && status !== null && status >= 400;
  return {
    direction,
    method,
    route: route ?? '',
    count: requests.length,
    failed: requests.filter((request) => request.isFailed).length,
    rejected: requests.filter(isRejected).length,
    median_ms: percentile(millis, 0.5),
    p95_ms: percentile(millis, 0.95),
    max_ms: millis.at(-1) ?? 0,
    total_ms: millis.reduce((sum, one) => sum + one, 0),
    last_at: new Date(requests.reduce((latest, { at }) => Math.max(latest, at.getTime()), 0)),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function isFailed({ response_status: status, reason }: Values): boolean {
  return status === undefined || status === null || Number(status) >= 500 || (reason ?? null) !== null;
}

function matches(values: Values, filter: RequestFilter): boolean {
  const wanted = {
    service_name: filter.service,
    direction: filter.direction,
    method: filter.method,
    route: filter.route,
    endpoint: filter.path,
    user_id: filter.userId,
    session_id: filter.sessionId,
    correlation_id: filter.correlationId,
    trace_id: filter.traceId,
  };
  const status = number(values.response_status);
  const [lowest, highest] = filter.status ?? [];
  return (
    Object.entries(wanted).every(([name, value]) => value === undefined || values[name] === value) &&
    (lowest === undefined || highest === undefined || (status !== null && status >= lowest && status <= highest)) &&
    (filter.onlyFailed !== true || isFailed(values)) &&
    (filter.minMillis === undefined || Number(values.duration_ms ?? 0) >= filter.minMillis) &&
    (filter.since === undefined || Number(values.created_at) >= filter.since.getTime() * 1000)
  );
}

function bodiesOf(values: Values): Pick<RequestRow, 'request_header' | 'request_body' | 'response_body'> {
  return {
    request_header: json(values.request_header),
    request_body: json(values.request_body),
    response_body: json(values.response_body),
  };
}
