import type {
  EventRecord,
  JournalOwner,
  LedgerRecord,
  RequestRecord,
  UnitEndRecord,
  UnitStartRecord,
} from './record.ts';
import { itemValues, sessionValues } from './state-rows.ts';
import type { Cell, Row } from './tables.ts';

type Values = Record<string, Cell | undefined>;

/**
 * The table rows that a record makes. Rows of upserted tables hold only what the record tells: a missing column keeps what
 * is there, and a `null` says that there is nothing (`ended_at` of a session that runs again).
 */
export function rowsOf(record: LedgerRecord, owner: JournalOwner): Row[] {
  switch (record.type) {
    case 'start':
      return [{ table: 'task_progress', values: startValues(record, owner) }];
    case 'end':
      return [{ table: 'task_progress', values: endValues(record, owner) }];
    case 'event':
      return eventRows(record, owner);
    case 'request':
      return [{ table: 'api_logs', values: requestValues(record, owner) }];
    default:
      return record satisfies never;
  }
}

function unitValues(record: UnitStartRecord | UnitEndRecord, owner: JournalOwner): Values {
  return {
    trace_id: record.traceId,
    span_id: record.spanId,
    parent_span_id: record.parentSpanId,
    service_name: record.service ?? owner.service,
    session_id: record.sessionId,
    item_id: record.itemId,
    unit: record.unit,
    task_name: record.taskName,
    step_name: record.stepName,
    execution_order: record.order ?? 0,
    attempt: record.attempt ?? 1,
    total: record.total,
    input_data: record.input,
    updated_at: record.at,
    version: record.version,
    instance_id: owner.instanceId,
    correlation_id: record.correlationId,
    user_id: record.userId,
    expectation: record.expectation,
  };
}

function startValues(record: UnitStartRecord, owner: JournalOwner): Values {
  return { ...unitValues(record, owner), status: 'START', created_at: record.at };
}

function endValues(record: UnitEndRecord, owner: JournalOwner): Values {
  return {
    ...unitValues(record, owner),
    status: record.status,
    created_at: record.startAt,
    done: record.done,
    output_data: record.output,
    error_message: record.errorMessage,
    stack_trace: record.stack,
    ended_at: record.at,
    duration_ms: (record.at - record.startAt) / 1_000,
  };
}

function eventRows(record: EventRecord, owner: JournalOwner): Row[] {
  const rows: Row[] = [{ table: 'audit_log', values: auditValues(record, owner) }];
  const session = sessionValues(record, owner);
  if (session !== undefined) rows.push({ table: 'import_sessions', values: session });
  const item = itemValues(record, owner);
  if (item !== undefined) rows.push({ table: 'import_items', values: item });
  const tellsProgress = record.done !== undefined || record.waitingUntil !== undefined;
  if (tellsProgress && record.unit !== undefined && record.spanId !== undefined) {
    rows.push({ table: 'task_progress', values: progressValues(record, owner) });
  }
  return rows;
}

function auditValues(record: EventRecord, owner: JournalOwner): Values {
  return {
    created_at: record.at,
    level: record.level,
    category: record.category,
    event: record.event,
    message: record.message,
    service_name: record.service ?? owner.service,
    session_id: record.sessionId,
    item_id: record.itemId,
    correlation_id: record.correlationId,
    request_id: record.requestId,
    task_id: record.taskId,
    user_id: record.userId,
    trace_id: record.traceId,
    span_id: record.spanId,
    seq: record.seq,
    from_state: record.fromState,
    to_state: record.toState,
    reason: record.reason,
    duration_ms: record.durationMillis,
    details: record.details,
    error_type: record.errorType,
    error_message: record.errorMessage,
    stack_trace: record.stack,
    recommended_actions: record.actions === undefined ? undefined : JSON.stringify(record.actions),
  };
}

/** Moves a row that its unit's start has made; alone it makes none. */
function progressValues(record: EventRecord, owner: JournalOwner): Values {
  return {
    trace_id: record.traceId,
    span_id: record.spanId,
    service_name: record.service ?? owner.service,
    session_id: record.sessionId,
    item_id: record.itemId,
    unit: record.unit,
    status: 'IN_PROGRESS',
    done: record.done,
    total: record.total,
    last_event: record.event,
    waiting_until: record.waitingUntil,
    wait_reason: record.waitReason,
    updated_at: record.at,
    version: record.version ?? record.at,
    instance_id: owner.instanceId,
    correlation_id: record.correlationId,
    user_id: record.userId,
  };
}

function requestValues(record: RequestRecord, owner: JournalOwner): Values {
  return {
    created_at: record.at,
    trace_id: record.traceId,
    span_id: record.spanId,
    service_name: record.service ?? owner.service,
    direction: record.direction,
    method: record.method,
    endpoint: record.endpoint,
    route: record.route,
    request_header: record.requestHeader,
    request_body: record.requestBody,
    response_status: record.responseStatus,
    response_body: record.responseBody,
    reason: record.reason,
    duration_ms: record.durationMillis,
    ip_address: record.ipAddress,
    user_id: record.userId,
    correlation_id: record.correlationId,
    session_id: record.sessionId,
    request_id: record.requestId,
  };
}
