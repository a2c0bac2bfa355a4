import type { IncomingMessage } from 'node:http';
import { diag, type Span } from '@opentelemetry/api';
import { attribute } from '../telemetry/conventions.ts';
import { type HttpAspect, httpAspects } from './http-aspects.ts';
import { isStandardMethod } from './http-attributes.ts';
import { keepOwnHeaders, type UndiciRequest } from './own-headers.ts';

/** What `@opentelemetry/instrumentation-http` is told: to leave incoming requests to us, and to call our aspects of those that go out. */
export function httpOptions(): Readonly<Record<string, unknown>> {
  return {
    disableIncomingRequestInstrumentation: true,
    requestHook: (span: Span) => forEachAspect((aspect) => aspect.outgoing?.(span)),
    responseHook: (span: Span, response: IncomingMessage) => {
      // The instrumentation has it in its metrics alone.
      const { statusCode = 0 } = response;
      if (statusCode >= 400) span.setAttribute(attribute.errorType, String(statusCode));
      forEachAspect((aspect) => aspect.received?.(span, response));
    },
  };
}

/** What `@opentelemetry/instrumentation-undici` is told. */
export function undiciOptions(): Readonly<Record<string, unknown>> {
  return {
    startSpanHook: ({ method }: { readonly method: string }) => (isStandardMethod(method) ? plain : plainOther),
    requestHook: (span: Span, request: UndiciRequest) => {
      forEachAspect((aspect) => aspect.outgoing?.(span));
      keepOwnHeaders(request);
    },
  };
}

/** The address stands in `url.full`, and the instrumentation has the query with its question mark. */
const plainOther = { 'url.query': undefined };
/** The conventions want the original method only where it is another one; the instrumentation always tells it. */
const plain = { ...plainOther, 'http.request.method_original': undefined };

/** Calls all aspects; what one of them throws is told, and no concern of the others. */
export function forEachAspect(call: (aspect: HttpAspect) => void): void {
  for (const aspect of httpAspects()) {
    try {
      call(aspect);
    } catch (error) {
      diag.warn('A request could not be looked at.', error);
    }
  }
}
