import type { Cell } from '../../projection/tables.ts';
import { detailsOf } from '../rendering/event-text.ts';
import { number, text, type Values } from './cells.ts';
import type { EventFilter, RunningFilter, SessionFilter } from './ledger-reader.ts';
import type { EventRow, RunningRow, SessionRow } from './rows.ts';

/** Whether a record of the audit log may match, by its plain columns: cheap, before anything is parsed. */
export function mayMatchEvent(values: Values, filter: EventFilter): boolean {
  return (
    is(values.session_id, filter.sessionId) &&
    is(values.item_id, filter.itemId) &&
    is(values.trace_id, filter.traceId) &&
    is(values.correlation_id, filter.correlationId) &&
    is(values.task_id, filter.taskId) &&
    is(values.category, filter.category) &&
    isOneOf(text(values.level), filter.levels) &&
    isOneOf(text(values.event), filter.events) &&
    isSince(number(values.created_at), filter.since)
  );
}

/** Whether a parsed record matches what its details are asked for. */
export function matchesDetails(row: EventRow, { jobId }: EventFilter): boolean {
  return jobId === undefined || row.task_id === jobId || detailsOf(row.details).job_id === jobId;
}

/** Whether a session matches. */
export function matchesSession(row: SessionRow, filter: SessionFilter): boolean {
  const { since, openOrEndedSince } = filter;
  return (
    is(row.id, filter.id) &&
    is(row.kind, filter.kind) &&
    is(row.account_id, filter.accountId) &&
    isOneOf(row.state, filter.states?.length === 0 ? undefined : filter.states) &&
    (since === undefined || (row.started_at !== null && row.started_at >= since)) &&
    (openOrEndedSince === undefined || row.ended_at === null || row.ended_at >= openOrEndedSince)
  );
}

/** Whether an open unit matches. */
export function matchesRunning(row: RunningRow, filter: RunningFilter): boolean {
  return (
    is(row.session_id, filter.sessionId) &&
    is(row.service_name, filter.service) &&
    is(row.task_name, filter.task) &&
    isOneOf(row.unit, filter.units) &&
    isOneOf(row.verdict, filter.verdicts?.length === 0 ? undefined : filter.verdicts)
  );
}

function is(cell: Cell | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || cell === wanted;
}

function isOneOf(value: string | null, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || (value !== null && wanted.includes(value));
}

function isSince(micros: number | null, since: Date | undefined): boolean {
  return since === undefined || (micros !== null && micros >= since.getTime() * 1000);
}
