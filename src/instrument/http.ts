import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { diag, type Span } from '@opentelemetry/api';
import { type HttpAspect, httpAspects } from './http-aspects.ts';

/** What `@opentelemetry/instrumentation-http` is told: to call our aspects. */
export function httpOptions(): Readonly<Record<string, unknown>> {
  return {
    requestHook: (span: Span, request: ClientRequest | IncomingMessage) => {
      if (isOutgoing(request)) forEachAspect((aspect) => aspect.outgoing?.(span));
    },
    responseHook: (span: Span, response: IncomingMessage | ServerResponse) => {
      if (isServerResponse(response)) forEachAspect((aspect) => aspect.incoming?.(span, response.req, response));
      else forEachAspect((aspect) => aspect.received?.(span, response));
    },
    applyCustomAttributesOnSpan: (
      span: Span,
      request: ClientRequest | IncomingMessage,
      response: IncomingMessage | ServerResponse,
    ) => {
      if (isOutgoing(request) || !isServerResponse(response)) return;
      forEachAspect((aspect) => aspect.answered?.(span, request, response));
    },
  };
}

/** What `@opentelemetry/instrumentation-undici` is told. */
export function undiciOptions(): Readonly<Record<string, unknown>> {
  return { requestHook: (span: Span) => forEachAspect((aspect) => aspect.outgoing?.(span)) };
}

/** Both kinds are called by the same hooks; only what goes out can set headers of its own. */
function isOutgoing(request: ClientRequest | IncomingMessage): request is ClientRequest {
  return 'setHeader' in request;
}

function isServerResponse(response: IncomingMessage | ServerResponse): response is ServerResponse {
  return 'writeHead' in response;
}

function forEachAspect(call: (aspect: HttpAspect) => void): void {
  for (const aspect of httpAspects()) {
    try {
      call(aspect);
    } catch (error) {
      diag.warn('A request could not be looked at.', error);
    }
  }
}
