import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { giveRequestFacts } from '../recording/request-facts.ts';
import { attribute } from '../telemetry/conventions.ts';
import type { HttpAspect } from './http-aspects.ts';
import { type ExchangeOptions, HttpExchange } from './http-exchange.ts';
import { watchTimeouts } from './request-outcome.ts';

/** Tells the records of requests what their spans do not say. */
export interface HttpRecording extends HttpAspect {
  /** The process ends: whatever is still open ends with it, and says so. */
  endOpen(reason: string): void;
}

export function createHttpRecording(options: ExchangeOptions): HttpRecording {
  const open = new Map<Span, HttpExchange>();
  return {
    incoming(span, request, response) {
      if (!span.isRecording()) return;
      const exchange = new HttpExchange(request, response, options);
      open.set(span, exchange);
      if (request.httpVersionMajor < 2) watchTimeouts(request.socket);
      giveRequestFacts(span, () => {
        open.delete(span);
        return exchange.facts(routeOf(span));
      });
    },
    answered(span) {
      const exchange = open.get(span);
      open.delete(span);
      if (exchange !== undefined) correct(span, exchange);
    },
    endOpen(reason) {
      for (const [span, exchange] of [...open]) {
        exchange.endBecause(reason);
        cutShort(span, reason);
        span.end();
      }
    },
  };
}

/** The attributes of a span of the SDK, which the API does not show. */
interface SdkSpan {
  readonly attributes?: Record<string, unknown>;
}

function routeOf(span: Span): string | undefined {
  const route = (span as SdkSpan).attributes?.['http.route'];
  return typeof route === 'string' ? route : undefined;
}

/** An answer that was cut short is an error also for those who read the span. */
function correct(span: Span, { cutReason: reason }: HttpExchange): void {
  if (reason !== undefined) cutShort(span, reason);
}

function cutShort(span: Span, reason: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  span.setAttribute(attribute.errorType, 'aborted');
}
