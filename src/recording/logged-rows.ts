import { createHash } from 'node:crypto';
import { context, type SpanContext, trace } from '@opentelemetry/api';
import {
  maxLength,
  toCount,
  toFinite,
  toId,
  toInteger,
  toJson,
  toLevel,
  toName,
  toSentences,
  toText,
} from '../projection/attribute-values.ts';
import type {
  EventRecord,
  LedgerRecord,
  RecordIds,
  RequestRecord,
  UnitEndRecord,
  UnitStartRecord,
} from '../projection/record.ts';
import { isSpanId, isTraceId } from '../projection/trace-id.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import { event } from '../telemetry/conventions.ts';
import { correlationId } from '../telemetry/correlation.ts';
import { type AnyRow, type ApiLogRow, type AuditLogRow, checkRow, type TaskProgressRow } from './logged-tables.ts';

/** What rows are made with. */
export interface LoggingPlace {
  readonly sanitizer: Sanitizer;
  /** Names of headers that are kept, in lower case. */
  readonly headers: readonly string[];
  /** Trace of what belongs to none. */
  readonly traceId: string;
  /** Microseconds since the epoch, higher with each call. */
  readonly now: () => number;
  /** When steps began, by the id of their row: the end of a step tells how long it took. */
  readonly begun: Map<string, number>;
}

/**
 * Makes records of a row. The row is not changed.
 *
 * @throws SpanledgerError `SPANLEDGER_ARGUMENT_INVALID` for a table or a member that there is not, or one that is missing
 */
export function recordsOf(table: string, row: unknown, place: LoggingPlace): readonly LedgerRecord[] {
  checkRow(table, row);
  if (table === 'api_logs') return [requestOf(row as ApiLogRow, place)];
  if (table === 'audit_log') return [eventOf(row as AuditLogRow, place)];
  return stepOf(row as TaskProgressRow, place);
}

function requestOf(row: ApiLogRow, place: LoggingPlace): RequestRecord {
  const { sanitizer } = place;
  const record = {
    type: 'request' as const,
    at: timeOf(row, place),
    ...idsOf(row, place),
    requestId: toId(row.request_id, sanitizer),
    direction: row.direction ?? 'inbound',
    method: toName(row.method, sanitizer),
    endpoint: toText(row.endpoint.replace(/[?#].*$/s, ''), maxLength.path, sanitizer) ?? '',
    route: toText(row.route, maxLength.path, sanitizer),
    requestHeader: headersOf(row.request_header, place),
    requestBody: toJson(row.request_body, sanitizer),
    responseStatus: toInteger(row.response_status),
    responseBody: toJson(row.response_body, sanitizer),
    durationMillis: Math.max(0, toFinite(row.duration_ms) ?? 0),
    ipAddress: toId(row.ip_address, sanitizer),
    reason: toText(row.reason, maxLength.message, sanitizer),
  };
  return record as RequestRecord;
}

function headersOf(headers: ApiLogRow['request_header'], { headers: kept, sanitizer }: LoggingPlace) {
  if (headers === undefined) return undefined;
  return sanitizer.json(
    Object.fromEntries(Object.entries(headers).filter(([name]) => kept.includes(name.toLowerCase()))),
  );
}

function eventOf(row: AuditLogRow, place: LoggingPlace): EventRecord {
  const { sanitizer } = place;
  const record = {
    type: 'event' as const,
    at: timeOf(row, place),
    ...idsOf(row, place),
    itemId: toId(row.item_id, sanitizer),
    requestId: toId(row.request_id, sanitizer),
    taskId: toId(row.task_id, sanitizer),
    level: toLevel(row.level) ?? 'info',
    category: toName(row.category, sanitizer) ?? 'audit',
    event: toName(row.event, sanitizer) ?? 'audit',
    message: toText(row.message, maxLength.message, sanitizer),
    reason: toText(row.reason, maxLength.message, sanitizer),
    durationMillis: toFinite(row.duration_ms),
    details: toJson(row.details, sanitizer),
    errorType: toName(row.error_type, sanitizer),
    errorMessage: toText(row.error_message, maxLength.message, sanitizer),
    stack: toText(row.stack_trace, maxLength.stack, sanitizer),
    actions: toSentences(row.recommended_actions, sanitizer),
  };
  return record as EventRecord;
}

/** A step that tells of progress has begun, whoever told of it. */
function stepOf(row: TaskProgressRow, place: LoggingPlace): readonly LedgerRecord[] {
  const start = startOf(row, place);
  const key = `${start.traceId}-${start.spanId}`;
  if (row.status === 'START') {
    place.begun.set(key, start.at);
    return [start];
  }
  if (row.status === 'IN_PROGRESS') return [start, progressOf(row, start, place)];
  const startAt = Math.min(place.begun.get(key) ?? start.at, start.at);
  place.begun.delete(key);
  const { sanitizer } = place;
  const record = {
    ...start,
    type: 'end' as const,
    startAt,
    status: row.status,
    done: toCount(row.done),
    output: toJson(row.output_data, sanitizer),
    errorMessage: toText(row.error_message, maxLength.message, sanitizer),
    stack: toText(row.stack_trace, maxLength.stack, sanitizer),
  };
  return [record as UnitEndRecord];
}

function startOf(row: TaskProgressRow, place: LoggingPlace): UnitStartRecord {
  const { sanitizer } = place;
  const ids = idsOf(row, place);
  const record = {
    type: 'start' as const,
    at: timeOf(row, place),
    version: place.now(),
    ...ids,
    spanId: isSpanId(row.span_id) ? row.span_id : rowIdOf(row),
    parentSpanId: isSpanId(row.parent_span_id) ? row.parent_span_id : undefined,
    itemId: toId(row.item_id, sanitizer),
    unit: 'step' as const,
    taskName: toName(row.task_name, sanitizer),
    stepName: toName(row.step_name, sanitizer),
    order: toInteger(row.execution_order),
    attempt: toInteger(row.attempt),
    input: toJson(row.input_data, sanitizer),
    total: toCount(row.total),
  };
  return record as UnitStartRecord;
}

function progressOf(row: TaskProgressRow, start: UnitStartRecord, place: LoggingPlace): EventRecord {
  const { type: _, unit, at, input: __, order: ___, ...ids } = start;
  const done = toCount(row.done);
  const of = start.total === undefined ? '' : `/${start.total}`;
  const record = {
    ...ids,
    type: 'event' as const,
    at,
    unit,
    version: place.now(),
    level: 'debug',
    category: 'performance',
    event: event.stepProgress,
    message: `${start.taskName} ${start.stepName}: ${done ?? 'in progress'}${done === undefined ? '' : of}`,
    done: done ?? 0,
  };
  return record as EventRecord;
}

/** The same for every row of a step. */
function rowIdOf({
  task_name: task,
  step_name: step,
  execution_order: order = 0,
  attempt = 1,
}: TaskProgressRow): string {
  return createHash('sha256')
    .update(JSON.stringify([task, step, order, attempt]))
    .digest('hex')
    .slice(0, 16);
}

function idsOf(row: AnyRow, { sanitizer, traceId }: LoggingPlace): RecordIds {
  const active = trace.getSpanContext(context.active());
  const told = row.trace_id?.replaceAll('-', '').toLowerCase();
  const isTold = isTraceId(told);
  const correlation = row.correlation_id ?? (isTold ? undefined : row.trace_id) ?? correlationId();
  const ids = {
    traceId: isTold ? told : (active?.traceId ?? traceId),
    spanId: isSpanId(row.span_id) ? row.span_id : spanOf(active, isTold ? told : undefined),
    sessionId: toId(row.session_id, sanitizer),
    correlationId: toId(correlation, sanitizer),
    userId: toId(row.user_id, sanitizer),
  };
  return ids as RecordIds;
}

/** A span belongs to its trace. */
function spanOf(active: SpanContext | undefined, told: string | undefined): string | undefined {
  return told === undefined || told === active?.traceId ? active?.spanId : undefined;
}

function timeOf({ created_at: given }: AnyRow, { now }: LoggingPlace): number {
  const millis = given === undefined ? Number.NaN : new Date(given).getTime();
  return millis >= 0 ? millis * 1_000 : now();
}
