import type { LedgerStore } from '../../shipping/store.ts';
import { json, toRequestRow, type Values } from './cells.ts';
import { createNewest } from './newest.ts';
import { matchesRequest, type RequestFilter, requestConditions } from './request-filter.ts';
import type { RequestRow } from './rows.ts';

/** Which of the matching requests are read, and how much of each. */
export interface RequestPage {
  readonly last: number;
  readonly withBodies: boolean;
  /** The slowest, the slowest first, instead of the newest, the newest last. */
  readonly slowest?: boolean;
}

const plainColumns = `id, created_at, service_name, direction, method, endpoint, route, response_status, reason, duration_ms, ip_address,
  user_id, session_id, correlation_id, request_id, replace(trace_id::text, '-', '') as trace_id, span_id`;

/** Columns of api_logs as a `RequestRow`. */
export function requestColumns(withBodies: boolean): string {
  return withBodies ? `${plainColumns}, request_header, request_body, response_body` : plainColumns;
}

/** The newest `last` requests, oldest first, or the slowest; headers and bodies only where they are asked for. */
export async function readRequests(
  store: LedgerStore,
  prefix: string,
  filter: RequestFilter,
  { last, withBodies, slowest = false }: RequestPage,
): Promise<readonly RequestRow[]> {
  const where = requestConditions(filter);
  const order = slowest ? 'duration_ms desc nulls last, created_at desc, id desc' : 'created_at desc, id desc';
  const rows = await store.query<RequestRow>(
    `select ${requestColumns(withBodies)} from ${prefix}.api_logs ${where.toSql()} order by ${order} limit ${where.bind(last)}`,
    where.parameters,
  );
  return slowest ? rows : rows.toReversed();
}

/** The same from rows that are not in a database. */
export async function newestRequests(
  rows: AsyncIterable<Values>,
  filter: RequestFilter,
  { last, withBodies, slowest = false }: RequestPage,
): Promise<readonly RequestRow[]> {
  const measure = ({ created_at: at, duration_ms: millis }: Values) => Number(slowest ? (millis ?? -1) : at);
  const kept = createNewest<Values>(last, measure);
  for await (const values of rows) if (matchesRequest(values, filter)) kept.add(values);
  const found = kept.toArray().map((values) => toRequest(values, withBodies));
  return slowest ? found.toReversed() : found;
}

/** A request that has not been stored yet. */
export function toRequest(values: Values, withBodies: boolean): RequestRow {
  return withBodies ? { ...toRequestRow(values), ...bodiesOf(values) } : toRequestRow(values);
}

function bodiesOf(values: Values): Pick<RequestRow, 'request_header' | 'request_body' | 'response_body'> {
  return {
    request_header: json(values.request_header),
    request_body: json(values.request_body),
    response_body: json(values.response_body),
  };
}
