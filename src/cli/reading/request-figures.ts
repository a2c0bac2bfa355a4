import { percentile } from '../../domain/expectation.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import { toRequestRow, type Values } from './cells.ts';
import { failedSql, isFailed, matchesRequest, type RequestFilter, requestConditions } from './request-filter.ts';
import type { RequestFigures, RequestRow, RouteFigures, TimeFigures } from './rows.ts';

/** How long the times are into which requests are counted, and how many of them are told. */
export interface TimePage {
  readonly everySeconds: number;
  readonly last: number;
}

/** Where no route is known: the path with numbers and long ids as `:id`. */
const idInPath = '/(\\d+|[0-9a-fA-F-]{16,})(?=/|$)';

/** A Monday, so that times of a day or a week begin where those of people do, in UTC. */
const origin = Date.UTC(2001, 0, 1);

/** What is counted of a group before it is told; `all_from` and `all_to` are of all groups. */
type Counted = Omit<RequestFigures, 'failed_ratio' | 'per_second'> & { readonly all_from: Date; readonly all_to: Date };

const counted = `
  count(*)::integer as count,
  (count(*) filter (where ${failedSql}))::integer as failed,
  (count(*) filter (where response_status between 400 and 499 and not ${failedSql}))::integer as rejected,
  percentile_cont(0.5) within group (order by duration_ms) as median_ms,
  percentile_cont(0.95) within group (order by duration_ms) as p95_ms,
  percentile_cont(0.99) within group (order by duration_ms) as p99_ms,
  max(duration_ms) as max_ms, coalesce(sum(duration_ms), 0) as total_ms,
  min(min(created_at)) over () as all_from, max(max(created_at)) over () as all_to`;

/** Requests by route, those that took the most time in all first. */
export async function readRoutes(
  store: LedgerStore,
  prefix: string,
  filter: RequestFilter,
  last: number,
): Promise<readonly RouteFigures[]> {
  const where = requestConditions(filter);
  const sql = `
    select direction, method, coalesce(route, regexp_replace(endpoint, '${idInPath}', '/:id', 'g')) as route,
           max(created_at) as last_at, ${counted}
      from ${prefix}.api_logs ${where.toSql()}
     group by 1, 2, 3
     order by total_ms desc, method, route
     limit ${where.bind(last)}`;
  const rows = await store.query<Counted & Pick<RouteFigures, 'direction' | 'method' | 'route' | 'last_at'>>(
    sql,
    where.parameters,
  );
  return rows.map(({ direction, method, route, last_at, ...row }) => ({
    ...{ direction, method, route },
    ...toFigures(row, spanOf(row, filter)),
    last_at,
  }));
}

/** Requests by the time in which they began, the newest times, oldest first; a time without requests is one of them. */
export async function readTimes(
  store: LedgerStore,
  prefix: string,
  filter: RequestFilter,
  page: TimePage,
): Promise<readonly TimeFigures[]> {
  const where = requestConditions(filter);
  const condition = where.toSql();
  const every = `make_interval(secs => ${where.bind(page.everySeconds)})`;
  const sql = `
    select date_bin(${every}, created_at, ${where.bind(new Date(origin))}::timestamptz) as from_at, ${counted}
      from ${prefix}.api_logs ${condition}
     group by 1
     order by 1 desc
     limit ${where.bind(page.last)}`;
  const rows = await store.query<Counted & { readonly from_at: Date }>(sql, where.parameters);
  return inTimes(new Map(rows.map(({ from_at: from, ...row }) => [from.getTime(), row])), filter, page);
}

/** Requests by route from rows that are not in a database. */
export async function routeFigures(
  rows: AsyncIterable<Values>,
  filter: RequestFilter,
  last: number,
): Promise<readonly RouteFigures[]> {
  const groups = await grouped(rows, filter, (row) => JSON.stringify([row.direction, row.method, routeOf(row)]));
  return withSpan(groups)
    .map(({ first, last_at, ...row }) => ({
      ...{ direction: first.direction, method: first.method, route: routeOf(first) },
      ...toFigures(row, spanOf(row, filter)),
      last_at,
    }))
    .toSorted((a, b) => b.total_ms - a.total_ms || compare(a.method, b.method) || compare(a.route, b.route))
    .slice(0, last);
}

/** Requests by time from rows that are not in a database. */
export async function timeFigures(
  rows: AsyncIterable<Values>,
  filter: RequestFilter,
  page: TimePage,
): Promise<readonly TimeFigures[]> {
  const groups = await grouped(rows, filter, (row) => String(timeOf(row.created_at, page)));
  const times = withSpan(groups).map(({ first, last_at: _, ...row }) => [timeOf(first.created_at, page), row] as const);
  return inTimes(new Map(times), filter, page);
}

interface Group {
  readonly first: RequestRow;
  readonly millis: number[];
  failed: number;
  rejected: number;
  from: number;
  to: number;
}

async function grouped(
  rows: AsyncIterable<Values>,
  filter: RequestFilter,
  keyOf: (row: RequestRow) => string,
): Promise<readonly Group[]> {
  const groups = new Map<string, Group>();
  for await (const values of rows) {
    if (!matchesRequest(values, filter)) continue;
    const row = toRequestRow(values);
    const at = row.created_at.getTime();
    const key = keyOf(row);
    const group = groups.get(key) ?? { first: row, millis: [], failed: 0, rejected: 0, from: at, to: at };
    groups.set(key, group);
    const fails = isFailed(values);
    group.millis.push(row.duration_ms ?? 0);
    group.failed += Number(fails);
    group.rejected += Number(!fails && Number(row.response_status) >= 400);
    group.from = Math.min(group.from, at);
    group.to = Math.max(group.to, at);
  }
  return [...groups.values()];
}

function withSpan(groups: readonly Group[]): (Counted & { readonly first: RequestRow; readonly last_at: Date })[] {
  const from = groups.reduce((earliest, group) => Math.min(earliest, group.from), Number.POSITIVE_INFINITY);
  const to = groups.reduce((latest, group) => Math.max(latest, group.to), 0);
  return groups.map(({ first, millis, failed, rejected, to: last }) => {
    const sorted = millis.toSorted((a, b) => a - b);
    return {
      first,
      count: millis.length,
      failed,
      rejected,
      median_ms: percentile(sorted, 0.5),
      p95_ms: percentile(sorted, 0.95),
      p99_ms: percentile(sorted, 0.99),
      max_ms: sorted.at(-1) ?? 0,
      total_ms: millis.reduce((sum, one) => sum + one, 0),
      last_at: new Date(last),
      all_from: new Date(from),
      all_to: new Date(to),
    };
  });
}

interface Span {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** What was asked for; where no time was given, from the first request to the last one. */
function spanOf({ all_from, all_to }: Pick<Counted, 'all_from' | 'all_to'>, { since, until }: RequestFilter): Span {
  const now = Date.now();
  const to = until === undefined ? (since === undefined ? all_to.getTime() : now) : Math.min(until.getTime(), now);
  return { from: (since ?? all_from).getTime(), to: Math.max(to, all_to.getTime()) };
}

function toFigures(group: Omit<Counted, 'all_from' | 'all_to'>, { from, to }: Span): RequestFigures {
  const { count, failed, rejected, median_ms, p95_ms, p99_ms, max_ms, total_ms } = group;
  const failed_ratio = count === 0 ? null : failed / count;
  const per_second = to > from ? (count * 1000) / (to - from) : null;
  return { count, per_second, failed, failed_ratio, rejected, median_ms, p95_ms, p99_ms, max_ms, total_ms };
}

const noTimes = { median_ms: null, p95_ms: null, p99_ms: null, max_ms: null, total_ms: 0 } as const;
const nothing = { count: 0, failed: 0, rejected: 0, ...noTimes } as const;

/** Every time of the span, as far as it is told. Of those at its ends only the part counts that was asked for. */
function inTimes(groups: ReadonlyMap<number, Counted>, filter: RequestFilter, page: TimePage): readonly TimeFigures[] {
  const [any] = groups.values();
  if (any === undefined) return [];
  const span = spanOf(any, filter);
  const every = page.everySeconds * 1000;
  const latest = timeOf(new Date(Math.max(span.to - 1, any.all_to.getTime())), page);
  const earliest = Math.max(timeOf(new Date(span.from), page), latest - (page.last - 1) * every);
  const isWhole = filter.since === undefined && filter.until === undefined;
  const times: TimeFigures[] = [];
  for (let at = earliest; at <= latest; at += every) {
    const whole = { from: at, to: at + every };
    const asked = { from: Math.max(whole.from, span.from), to: Math.min(whole.to, span.to) };
    times.push({ from_at: new Date(at), ...toFigures(groups.get(at) ?? nothing, isWhole ? whole : asked) });
  }
  return times;
}

function timeOf(at: Date, { everySeconds }: TimePage): number {
  const every = everySeconds * 1000;
  return origin + Math.floor((at.getTime() - origin) / every) * every;
}

function routeOf({ route, endpoint }: RequestRow): string {
  return route ?? endpoint.replaceAll(new RegExp(idInPath, 'g'), '/:id');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
