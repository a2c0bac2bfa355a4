import { type CauseOfDeath, type DeathEvidence, isProven } from '../domain/cause-of-death.ts';
import { interruptedMark } from '../domain/interruption.ts';
import type { Cell, Row } from '../projection/tables.ts';
import { event } from '../telemetry/conventions.ts';

/** The process whose work is closed, and who closes it. */
export interface Deceased {
  readonly instanceId: string;
  readonly host: string;
  readonly pid: number;
  readonly cause: CauseOfDeath;
  readonly evidence: DeathEvidence | null;
  readonly lastSeenAt: Date;
  readonly endedAt: Date | null;
  /** The instance or command that closes. */
  readonly closedBy: string;
}

/** A unit that is closed in place of its process. */
export interface InterruptedUnit {
  readonly unit: string;
  /** 32 hex digits. */
  readonly traceId: string;
  readonly spanId: string | undefined;
  readonly service: string;
  readonly sessionId: string | undefined;
  readonly itemId: string | undefined;
  readonly taskName: string;
  readonly stepName: string;
  readonly correlationId: string | undefined;
  readonly userId: string | undefined;
  /** State in which a session or item was found. */
  readonly state?: string;
  /** The moves that close it; without any, its state had ended before. */
  readonly steps?: readonly string[];
}

/** Why the work was closed, in a sentence: reason of its states and message of its error. */
export function interruptionReason({ host, pid, cause }: Pick<Deceased, 'host' | 'pid' | 'cause'>): string {
  const beginning = interruptionBeginning({ host, pid });
  return isProven(cause) ? `${beginning}${cause.text}` : `${beginning}is gone, cause unknown`;
}

/** What that sentence begins with, whatever the cause: nothing that the process says of its own work does. */
export function interruptionBeginning({ host, pid }: Pick<Deceased, 'host' | 'pid'>): string {
  return `${interruptedMark}process ${pid} on ${host} `;
}

/** The audit rows of a unit that is closed: its moves, then that it was interrupted. */
export function interruptionRows(unit: InterruptedUnit, deceased: Deceased, at: () => number): readonly Row[] {
  if (unit.unit === 'chunk' || unit.steps?.length === 0) return [];
  const reason = interruptionReason(deceased);
  const moves = (unit.steps ?? []).map((to, index) =>
    auditRow(unit, {
      created_at: at(),
      level: 'warning',
      category: 'state_transition',
      event: unit.unit === 'item' ? event.itemTransition : event.sessionTransition,
      message: `${nameOf(unit)} moved to ${to}: ${reason}`,
      from_state: index === 0 ? unit.state : unit.steps?.[index - 1],
      to_state: to,
      reason,
      details: JSON.stringify({ auto: true, closed_by: deceased.closedBy }),
    }),
  );
  const told = auditRow(unit, {
    created_at: at(),
    level: 'error',
    category: 'error',
    event: interruptionEvent(unit.unit),
    message: `${nameOf(unit)} was interrupted${unit.state === undefined ? '' : ` in ${unit.state}`}: ${reason.slice(interruptedMark.length)}`,
    reason,
    error_type: 'interrupted',
    error_message: reason,
    details: JSON.stringify(detailsOf(deceased)),
    recommended_actions: JSON.stringify(actionsFor(unit)),
  });
  return [...moves, told];
}

/** The audit row that takes an interruption back: the process lives. */
export function withdrawalRow(unit: InterruptedUnit, closedState: string | undefined, at: number): Row {
  const reason = 'its process gave a sign of life after it had been taken for dead';
  return auditRow(unit, {
    created_at: at,
    level: 'warning',
    category: 'state_transition',
    event: withdrawalEvent(unit.unit),
    message: `${nameOf(unit)} is open again: ${reason}`,
    from_state: closedState,
    to_state: unit.state,
    reason,
    details: JSON.stringify({ forced: true }),
  });
}

function withdrawalEvent(unit: string): string {
  if (unit === 'session') return event.sessionTransition;
  return unit === 'item' ? event.itemTransition : event.stepReopened;
}

function interruptionEvent(unit: string): string {
  if (unit === 'session') return event.sessionInterrupted;
  return unit === 'item' ? event.itemInterrupted : event.stepInterrupted;
}

function nameOf({ unit, sessionId, itemId, stepName }: InterruptedUnit): string {
  if (unit === 'session') return `session ${sessionId ?? '?'}`;
  return unit === 'item' ? `item ${itemId ?? '?'}` : `${unit} ${stepName}`;
}

function actionsFor({ unit }: InterruptedUnit): readonly string[] {
  if (unit === 'session') return ['Run the session again: finished items are not repeated.'];
  return unit === 'item' ? ['Run its session again: the item is retried.'] : ['Run the task again.'];
}

function detailsOf(deceased: Deceased): Readonly<Record<string, unknown>> {
  const { instanceId, host, pid, cause, evidence, lastSeenAt, endedAt, closedBy } = deceased;
  return {
    cause: cause.kind,
    explanation: cause.text,
    instance_id: instanceId,
    host,
    pid,
    last_seen_at: lastSeenAt.toISOString(),
    ...(endedAt !== null && { ended_at: endedAt.toISOString() }),
    ...(evidence !== null && { evidence }),
    closed_by: closedBy,
  };
}

function auditRow(unit: InterruptedUnit, values: Readonly<Record<string, Cell | undefined>>): Row {
  return {
    table: 'audit_log',
    values: {
      service_name: unit.service,
      session_id: unit.sessionId,
      item_id: unit.itemId,
      correlation_id: unit.correlationId,
      user_id: unit.userId,
      trace_id: unit.traceId,
      span_id: unit.spanId,
      ...values,
    },
  };
}
