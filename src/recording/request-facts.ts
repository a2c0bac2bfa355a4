import type { RequestFacts } from '../projection/request-projection.ts';

/** Tells what is known of a request when its span has ended. Throws nothing. */
export type TellRequest = () => RequestFacts;

/** Stands on the span itself: a `WeakMap` of all spans doubles the work of the garbage collector. */
const slot = Symbol.for('spanledger.request-facts.v1');

interface Carrier {
  [slot]?: TellRequest | undefined;
}

/** Whoever records the span asks this for what the span itself does not say. Bodies and headers never become attributes. */
export function giveRequestFacts(span: object, tell: TellRequest): void {
  if (Object.isExtensible(span)) (span as Carrier)[slot] = tell;
}

/** What is known of the request of a span, once: a span that waits to be sent does not hold on to its request. */
export function takeRequestFacts(span: object): RequestFacts | undefined {
  const carrier = span as Carrier;
  const tell = carrier[slot];
  if (tell === undefined) return undefined;
  carrier[slot] = undefined;
  return tell();
}
