import { type Context, createContextKey } from '@opentelemetry/api';
import { correlationId } from './correlation.ts';
import { createCorrelationId } from './identity.ts';

const key = createContextKey('spanledger.root-trace-id.v1');

/** The correlation id of work that begins. */
export interface RootCorrelation {
  readonly correlation: string;
  /** The context to begin it in. */
  readonly around: Context;
}

/**
 * The correlation id in force. Where there is none, one is made in the form of a trace id, and the trace that begins here is to have it too: a
 * row, a header and a trace are found by one id.
 */
export function rootCorrelation(around: Context): RootCorrelation {
  const known = correlationId(around);
  if (known !== undefined) return { correlation: known, around };
  const made = createCorrelationId();
  return { correlation: made, around: around.setValue(key, made) };
}

/** The id that a trace which begins in this context is to have; it was made here. */
export function rootTraceId(context: Context): string | undefined {
  return context.getValue(key) as string | undefined;
}

/** The context for what is inside of that trace: another one that begins there is another one. */
export function withoutRootTraceId(context: Context): Context {
  return rootTraceId(context) === undefined ? context : context.deleteValue(key);
}
