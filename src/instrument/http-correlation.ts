import { attribute } from '../telemetry/conventions.ts';
import { correlationId } from '../telemetry/correlation.ts';
import { isPlainCorrelationId } from '../telemetry/correlation-propagator.ts';
import type { HttpAspect } from './http-aspects.ts';

/** Puts the correlation id on the span of a request and into the header of its answer. */
export function createHttpCorrelation(header: string): HttpAspect {
  return {
    incoming(span, _, response) {
      const id = correlationId();
      if (id === undefined || !isPlainCorrelationId(id)) return;
      span.setAttribute(attribute.correlationId, id);
      if (!response.headersSent) response.setHeader(header, id);
    },
  };
}
