import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '@opentelemetry/api';

/**
 * What is done with each HTTP request besides its span. Called within the context of the request; what an aspect throws is told as a
 * diagnostic message and reaches nobody else.
 */
export interface HttpAspect {
  /** A request has come in; its headers are there, its body is not. */
  incoming?(span: Span, request: IncomingMessage, response: ServerResponse): void;
  /** An incoming request is over, whatever way it ended; the span ends right after. */
  answered?(span: Span, request: IncomingMessage, response: ServerResponse): void;
  /** A request goes out, by `node:http` or by `fetch`; its headers are not sent yet. */
  outgoing?(span: Span): void;
  /** The answer to an outgoing request has arrived, without its body. */
  received?(span: Span, response: IncomingMessage): void;
}

const aspects: HttpAspect[] = [];

/** Adds an aspect to all requests from now on. Returns what takes it away again. */
export function addHttpAspect(aspect: HttpAspect): () => void {
  aspects.push(aspect);
  return () => {
    const index = aspects.indexOf(aspect);
    if (index >= 0) aspects.splice(index, 1);
  };
}

/** The aspects in the order in which they were added. */
export function httpAspects(): readonly HttpAspect[] {
  return aspects;
}
