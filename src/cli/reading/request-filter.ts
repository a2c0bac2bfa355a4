import { number, text, type Values } from './cells.ts';
import { type Conditions, createConditions } from './conditions.ts';

/** What an HTTP request on record must match. Missing fields match everything; texts match exactly, but for the reason. */
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
  readonly requestId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  /** The first and the last status. */
  readonly status?: readonly [number, number] | undefined;
  /** A status of 500 and above, none at all, or an end with a reason. */
  readonly onlyFailed?: boolean;
  /** Part of the reason, in any letter case. */
  readonly reason?: string | undefined;
  readonly minMillis?: number | undefined;
  readonly since?: Date | undefined;
  /** Before then. */
  readonly until?: Date | undefined;
}

/** SQL for a request that failed. */
export const failedSql = '(response_status >= 500 or response_status is null or reason is not null)';

/** The conditions that a filter puts on api_logs. */
export function requestConditions(filter: RequestFilter): Conditions {
  return createConditions()
    .add('service_name = ?', filter.service)
    .add('direction = ?', filter.direction)
    .add('method = ?', filter.method)
    .add('route = ?', filter.route)
    .add('endpoint = ?', filter.path)
    .add('user_id = ?', filter.userId)
    .add('session_id = ?', filter.sessionId)
    .add('correlation_id = ?', filter.correlationId)
    .add('request_id = ?', filter.requestId)
    .add('trace_id = ?::uuid', filter.traceId)
    .add('response_status >= ?', filter.status?.[0])
    .add('response_status <= ?', filter.status?.[1])
    .when(filter.onlyFailed === true, failedSql)
    .add('position(lower(?) in lower(reason)) > 0', filter.reason)
    .add('duration_ms >= ?', filter.minMillis)
    .add('created_at >= ?', filter.since)
    .add('created_at < ?', filter.until);
}

/** Whether a row that is not in a database failed. */
export function isFailed({ response_status: status, reason }: Values): boolean {
  return status === undefined || status === null || Number(status) >= 500 || (reason ?? null) !== null;
}

/** Whether a row that is not in a database matches. */
export function matchesRequest(values: Values, filter: RequestFilter): boolean {
  return (
    hasTexts(values, filter) &&
    isWithin(number(values.response_status), filter.status) &&
    (filter.onlyFailed !== true || isFailed(values)) &&
    (filter.reason === undefined || isPart(filter.reason, text(values.reason))) &&
    (filter.minMillis === undefined || Number(values.duration_ms ?? 0) >= filter.minMillis) &&
    (filter.since === undefined || Number(values.created_at) >= filter.since.getTime() * 1000) &&
    (filter.until === undefined || Number(values.created_at) < filter.until.getTime() * 1000)
  );
}

function hasTexts(values: Values, filter: RequestFilter): boolean {
  const wanted = {
    service_name: filter.service,
    direction: filter.direction,
    method: filter.method,
    route: filter.route,
    endpoint: filter.path,
    user_id: filter.userId,
    session_id: filter.sessionId,
    correlation_id: filter.correlationId,
    request_id: filter.requestId,
    trace_id: filter.traceId,
  };
  return Object.entries(wanted).every(([name, value]) => value === undefined || values[name] === value);
}

function isWithin(status: number | null, range: readonly [number, number] | undefined): boolean {
  return range === undefined || (status !== null && status >= range[0] && status <= range[1]);
}

function isPart(part: string, whole: string | null): boolean {
  return whole?.toLowerCase().includes(part.toLowerCase()) === true;
}
