import type { EventRecord } from './record.ts';

/** An event record in the making. */
export type EventDraft = { -readonly [K in keyof EventRecord]: EventRecord[K] | undefined };

/**
 * A draft in which every field has its place already: all event records are then of one form, so that writing and reading a field
 * takes no search, which is the larger part of what making and encoding a record would cost.
 */
export function createEventDraft(at: number, event: string): EventDraft {
  return {
    type: 'event',
    at,
    traceId: undefined,
    spanId: undefined,
    sessionId: undefined,
    itemId: undefined,
    correlationId: undefined,
    requestId: undefined,
    taskId: undefined,
    userId: undefined,
    service: undefined,
    level: undefined,
    category: undefined,
    event,
    message: undefined,
    seq: undefined,
    version: undefined,
    unit: undefined,
    fromState: undefined,
    toState: undefined,
    reason: undefined,
    durationMillis: undefined,
    details: undefined,
    errorType: undefined,
    errorMessage: undefined,
    stack: undefined,
    actions: undefined,
    kind: undefined,
    accountId: undefined,
    attempt: undefined,
    done: undefined,
    total: undefined,
    counts: undefined,
    waitingUntil: undefined,
    waitReason: undefined,
  };
}
