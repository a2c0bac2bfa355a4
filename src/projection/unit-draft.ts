import type { UnitEndRecord, UnitKind } from './record.ts';

/** A record of a unit in the making. */
export type UnitDraft = { -readonly [K in Exclude<keyof UnitEndRecord, 'type'>]: UnitEndRecord[K] | undefined } & {
  readonly type: 'start' | 'end';
};

/** A draft in which every field has its place already, as `createEventDraft` makes one, and for the same reason. */
export function createUnitDraft(type: 'start' | 'end', at: number, version: number, unit: UnitKind): UnitDraft {
  return {
    type,
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
    parentSpanId: undefined,
    unit,
    taskName: undefined,
    stepName: undefined,
    order: undefined,
    attempt: undefined,
    input: undefined,
    total: undefined,
    expectation: undefined,
    version,
    startAt: undefined,
    status: undefined,
    done: undefined,
    output: undefined,
    errorMessage: undefined,
    stack: undefined,
  };
}
