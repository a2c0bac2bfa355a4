import { type Context, context, createContextKey, isSpanContextValid, trace } from '@opentelemetry/api';

const correlationKey = createContextKey('spanledger.correlation-id.v1');

/** The correlation id that was set or sent along. */
export function givenCorrelationId(from: Context = context.active()): string | undefined {
  const id = from.getValue(correlationKey);
  return typeof id === 'string' ? id : undefined;
}

/** The correlation id in force; without one the trace id of the active span; `undefined` outside of both. */
export function correlationId(from: Context = context.active()): string | undefined {
  const id = givenCorrelationId(from);
  if (id !== undefined) return id;
  const spanContext = trace.getSpanContext(from);
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext.traceId : undefined;
}

/** Runs `fn` under a correlation id; everything awaited in it has it too. */
export function withCorrelationId<T>(id: string, fn: () => T): T {
  return context.with(setCorrelationId(context.active(), id), fn);
}

/** A context with this correlation id, for propagators and those who pass contexts on by hand. */
export function setCorrelationId(to: Context, id: string): Context {
  return to.setValue(correlationKey, id);
}

/** A context without a correlation id of its own. */
export function withoutCorrelationId(from: Context): Context {
  return from.deleteValue(correlationKey);
}
