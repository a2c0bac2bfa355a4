import type { Context } from '@opentelemetry/api';
import { getRPCMetadata, RPCType } from '@opentelemetry/core';

/** Stands on the span itself, as what is known of requests does. */
const slot = Symbol.for('spanledger.nested-request.v1');

interface Carrier {
  [slot]?: true;
}

/**
 * Whether a server span begins within a request that is being served: frameworks make such spans of their own, Next.js one for the request
 * and one for its middleware. It is a span as any other, and no request.
 */
export function isWithinRequest(parent: Context): boolean {
  return getRPCMetadata(parent)?.type === RPCType.HTTP;
}

/** Keeps a span from becoming a request on record. */
export function markNested(span: object): void {
  if (Object.isExtensible(span)) (span as Carrier)[slot] = true;
}

export function isNested(span: object): boolean {
  return (span as Carrier)[slot] === true;
}
