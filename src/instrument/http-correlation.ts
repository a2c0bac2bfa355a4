import type { Span } from '@opentelemetry/api';
import { attribute } from '../telemetry/conventions.ts';
import { correlationId, givenCorrelationId } from '../telemetry/correlation.ts';
import { isPlainCorrelationId } from '../telemetry/correlation-propagator.ts';
import type { HttpAspect } from './http-aspects.ts';

/** Puts the correlation id on the spans of requests, and into the headers of answers. */
export function createHttpCorrelation(header: string): HttpAspect {
  // The name of a property is the one form of a text that Node.js checks without leaving compiled code.
  const [name = header] = Object.keys({ [header]: header });
  return {
    incoming(span, _, response) {
      const id = markServed(span);
      if (id !== undefined && !response.headersSent) response.setHeader(name, id);
    },
    outgoing: mark,
  };
}

/** A span that records has a valid trace id, which need not be looked at again. */
function markServed(span: Span): string | undefined {
  if (!span.isRecording() || givenCorrelationId() !== undefined) return mark(span);
  const { traceId } = span.spanContext();
  span.setAttribute(attribute.correlationId, traceId);
  return traceId;
}

function mark(span: Span): string | undefined {
  const id = correlationId();
  if (id === undefined || !isPlainCorrelationId(id)) return undefined;
  span.setAttribute(attribute.correlationId, id);
  return id;
}
