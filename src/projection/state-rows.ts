import { type ItemState, isFinishedItemState, isItemState } from '../domain/item-states.ts';
import { isSessionState, isTerminalSessionState, type SessionState } from '../domain/session-states.ts';
import { event as eventNames } from '../telemetry/conventions.ts';
import type { EventRecord, JournalOwner } from './record.ts';
import type { Cell } from './tables.ts';

type Values = Record<string, Cell | undefined>;

/** A state comes from an event of its own machine and is a state of it; anything else that carries one only tells of it. */
function stateOf(record: EventRecord, machine: 'session' | 'item'): string | undefined {
  return record.event.startsWith(`import.${machine}.`) ? record.toState : undefined;
}

/** What an event tells of a session's row, or `undefined` where it tells nothing of it. */
export function sessionValues(record: EventRecord, owner: JournalOwner): Values | undefined {
  const { sessionId } = record;
  if (record.unit !== 'session' || sessionId === undefined) return undefined;
  const told = stateOf(record, 'session');
  const state = isSessionState(told) ? told : undefined;
  const opens = record.event === eventNames.sessionStart;
  if (state === undefined && record.counts === undefined && !opens) return undefined;
  const { counts } = record;
  return {
    id: sessionId,
    kind: record.kind,
    account_id: record.accountId,
    ...(state !== undefined && sessionStateValues(record, state)),
    ...(counts !== undefined && { ...counts }),
    ...(opens && { started_at: record.at }),
    ...ownerValues(record, owner),
  };
}

function sessionStateValues(record: EventRecord, state: SessionState): Values {
  return {
    state,
    reason: record.reason,
    attempt: record.attempt,
    ended_at: isTerminalSessionState(state) ? record.at : null,
  };
}

/** What an event tells of an item's row, or `undefined` where it tells nothing of it. */
export function itemValues(record: EventRecord, owner: JournalOwner): Values | undefined {
  const { sessionId, itemId } = record;
  if (record.unit !== 'item' || sessionId === undefined || itemId === undefined) return undefined;
  const state = stateOf(record, 'item');
  if (!isItemState(state)) return undefined;
  return {
    session_id: sessionId,
    id: itemId,
    state,
    reason: record.reason,
    attempt: record.attempt,
    started_at: beginsAttempt(record.fromState, state) ? record.at : undefined,
    ended_at: isFinishedItemState(state) ? record.at : null,
    span_id: record.spanId,
    ...ownerValues(record, owner),
  };
}

/** An attempt begins when an item leaves its initial state or a finished one; `warning -> imported` ends one. */
export function beginsAttempt(from: string | undefined, to: ItemState): boolean {
  if (!isItemState(from)) return true;
  return from === 'pending' || (isFinishedItemState(from) && !isFinishedItemState(to));
}

function ownerValues(record: EventRecord, owner: JournalOwner): Values {
  return {
    service_name: record.service ?? owner.service,
    instance_id: owner.instanceId,
    trace_id: record.traceId,
    last_progress_at: record.at,
    version: record.version ?? record.at,
  };
}
