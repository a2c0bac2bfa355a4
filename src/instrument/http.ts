import type { IncomingMessage } from 'node:http';
import { diag, type Span } from '@opentelemetry/api';
import { type HttpAspect, httpAspects } from './http-aspects.ts';

/** What `@opentelemetry/instrumentation-http` is told: to leave incoming requests to us, and to call our aspects of those that go out. */
export function httpOptions(): Readonly<Record<string, unknown>> {
  return {
    disableIncomingRequestInstrumentation: true,
    requestHook: (span: Span) => forEachAspect((aspect) => aspect.outgoing?.(span)),
    responseHook: (span: Span, response: IncomingMessage) =>
      forEachAspect((aspect) => aspect.received?.(span, response)),
  };
}

/** What `@opentelemetry/instrumentation-undici` is told. */
export function undiciOptions(): Readonly<Record<string, unknown>> {
  return { requestHook: (span: Span) => forEachAspect((aspect) => aspect.outgoing?.(span)) };
}

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
