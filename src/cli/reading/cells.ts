import type { Expectation } from '../../domain/expectation.ts';
import type { Cell, Row } from '../../projection/tables.ts';
import type { ProcessRow } from './process-row.ts';
import type { EventRow, RequestRow, SessionRow, UnitRow } from './rows.ts';

/** The values of a row on its way to a table. */
export type Values = Row['values'];

/** A record of the audit log that has not been stored yet. It has no id. */
export function toEventRow(values: Values): EventRow {
  return {
    id: null,
    created_at: time(values.created_at) ?? new Date(0),
    level: text(values.level) ?? '',
    category: text(values.category) ?? '',
    event: text(values.event) ?? '',
    message: text(values.message) ?? '',
    service_name: text(values.service_name),
    session_id: text(values.session_id),
    item_id: text(values.item_id),
    correlation_id: text(values.correlation_id),
    request_id: text(values.request_id),
    task_id: text(values.task_id),
    user_id: text(values.user_id),
    trace_id: text(values.trace_id) ?? '',
    span_id: text(values.span_id),
    seq: number(values.seq),
    from_state: text(values.from_state),
    to_state: text(values.to_state),
    reason: text(values.reason),
    duration_ms: number(values.duration_ms),
    details: json(values.details),
    error_type: text(values.error_type),
    error_message: text(values.error_message),
    stack_trace: text(values.stack_trace),
    recommended_actions: json(values.recommended_actions),
  };
}

/** A request that has not been stored yet, without headers and bodies. It has no id. */
export function toRequestRow(values: Values): RequestRow {
  return {
    id: null,
    created_at: time(values.created_at) ?? new Date(0),
    service_name: text(values.service_name),
    direction: text(values.direction) ?? '',
    method: text(values.method) ?? '',
    endpoint: text(values.endpoint) ?? '',
    route: text(values.route),
    response_status: number(values.response_status),
    reason: text(values.reason),
    duration_ms: number(values.duration_ms),
    ip_address: text(values.ip_address),
    user_id: text(values.user_id),
    session_id: text(values.session_id),
    correlation_id: text(values.correlation_id),
    request_id: text(values.request_id),
    trace_id: text(values.trace_id) ?? '',
    span_id: text(values.span_id),
  };
}

/** A unit of work that has not been stored yet. */
export function toUnitRow(values: Values): UnitRow {
  return {
    trace_id: text(values.trace_id) ?? '',
    span_id: text(values.span_id) ?? '',
    parent_span_id: text(values.parent_span_id),
    service_name: text(values.service_name),
    session_id: text(values.session_id),
    item_id: text(values.item_id),
    unit: text(values.unit) ?? '',
    task_name: text(values.task_name) ?? '',
    step_name: text(values.step_name) ?? '',
    status: text(values.status) ?? '',
    attempt: number(values.attempt),
    done: number(values.done),
    total: number(values.total),
    last_event: text(values.last_event),
    error_message: text(values.error_message),
    created_at: time(values.created_at) ?? new Date(0),
    updated_at: time(values.updated_at),
    ended_at: time(values.ended_at),
    duration_ms: number(values.duration_ms),
    instance_id: text(values.instance_id),
    waiting_until: time(values.waiting_until),
    wait_reason: text(values.wait_reason),
    expectation: json(values.expectation) as Expectation | null,
  };
}

/** A session that has not been stored yet, and the process that worked on it last. */
export function toSessionRow(values: Values, process: ProcessRow | undefined): SessionRow {
  return {
    id: text(values.id) ?? '',
    kind: text(values.kind),
    account_id: text(values.account_id),
    state: text(values.state) ?? 'pending',
    reason: text(values.reason),
    attempt: number(values.attempt) ?? 1,
    total: number(values.total) ?? 0,
    pending: number(values.pending) ?? 0,
    processing: number(values.processing) ?? 0,
    imported: number(values.imported) ?? 0,
    skipped: number(values.skipped) ?? 0,
    failed: number(values.failed) ?? 0,
    missing: number(values.missing) ?? 0,
    service_name: text(values.service_name),
    instance_id: text(values.instance_id),
    service_version: process?.service_version ?? null,
    service_revision: process?.service_revision ?? null,
    trace_id: text(values.trace_id),
    started_at: time(values.started_at),
    last_progress_at: time(values.last_progress_at),
    ended_at: time(values.ended_at),
  };
}

/** A cell as text. */
export function text(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined ? null : String(cell);
}

/** A cell as a number. */
export function number(cell: Cell | undefined): number | null {
  return cell === null || cell === undefined ? null : Number(cell);
}

/** A timestamptz cell, microseconds since the epoch, as a date. */
export function time(cell: Cell | undefined): Date | null {
  const micros = number(cell);
  return micros === null ? null : new Date(micros / 1000);
}

/** A jsonb cell, parsed. */
export function json(cell: Cell | undefined): unknown {
  if (typeof cell !== 'string') return null;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
