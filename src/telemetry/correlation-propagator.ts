import {
  type Context,
  createContextKey,
  isSpanContextValid,
  isValidTraceId,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { correlationId, setCorrelationId } from './correlation.ts';

const adoptedKey = createContextKey('spanledger.adopted-trace-id.v1');

/** Nothing that could forge a header, a log line or a cell: letters, digits and what ids are made of. */
const plain = /^[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}$/;

/** Whether an id may be taken from a stranger, and be written into a header. */
export function isPlainCorrelationId(id: string): boolean {
  return plain.test(id);
}

/**
 * Carries the correlation id in a header such as `X-Correlation-ID`, both ways. It stands behind the propagators that read the trace:
 * where these found none and the id is a UUID, the trace is to have that id too, see {@link adoptedTraceId}. An id that is too long or
 * holds other characters than ids are made of is passed over.
 */
export function createCorrelationPropagator(header: string): TextMapPropagator {
  const key = header.toLowerCase();
  return {
    inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
      const id = correlationId(context);
      if (id !== undefined && isPlainCorrelationId(id)) setter.set(carrier, key, id);
    },
    extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
      const given = getter.get(carrier, key);
      const id = (Array.isArray(given) ? given[0] : given)?.trim();
      if (id === undefined || !isPlainCorrelationId(id)) return context;
      const correlated = setCorrelationId(context, id);
      const parent = trace.getSpanContext(context);
      const traceId = traceIdOf(id);
      if (traceId === undefined || (parent !== undefined && isSpanContextValid(parent))) return correlated;
      return correlated.setValue(adoptedKey, traceId);
    },
    fields: () => [key],
  };
}

/** The trace id that a caller without a trace of its own asked for by its correlation id (S3.3). */
export function adoptedTraceId(context: Context): string | undefined {
  const id = context.getValue(adoptedKey);
  return typeof id === 'string' ? id : undefined;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function traceIdOf(id: string): string | undefined {
  const hex = (uuid.test(id) ? id.replaceAll('-', '') : id).toLowerCase();
  return isValidTraceId(hex) ? hex : undefined;
}
