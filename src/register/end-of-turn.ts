import { setImmediate } from 'node:timers';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

const apart = suppressTracing(ROOT_CONTEXT);

/** Calls back at the end of this turn of the event loop, in no request's context. */
export function atEndOfTurn(work: () => void): void {
  context.with(apart, setImmediate, undefined, work);
}
