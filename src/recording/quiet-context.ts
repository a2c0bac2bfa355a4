import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Link,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';

const quietKey = createContextKey('spanledger.quiet.v1');

/** `SamplingDecision.NOT_RECORD` of the SDK, in both lines. */
const notRecord: SamplingResult['decision'] = 0;

/**
 * Runs what goes on for the life of a process, such as a worker that asks for jobs. Whatever was active when it was started is not around it,
 * and the queries that it makes by itself are no spans. Everything else in it is recorded as ever: listeners of the program, their logs,
 * their own spans and the queries within these.
 */
export function quietly<T>(work: () => T): T {
  return context.with(trace.deleteSpan(context.active()).setValue(quietKey, true), work);
}

/** A sampler that leaves out the queries of what runs quietly, outside of any span; `delegate` decides on the rest. */
export function createQuietSampler(delegate: Sampler): Sampler {
  return {
    shouldSample(
      parent: Context,
      traceId: string,
      spanName: string,
      spanKind: SpanKind,
      attributes: Attributes,
      links: Link[],
    ): SamplingResult {
      if (spanKind === SpanKind.CLIENT && isQuiet(parent) && isQuery(attributes)) return { decision: notRecord };
      return delegate.shouldSample(parent, traceId, spanName, spanKind, attributes, links);
    },
    toString: () => delegate.toString(),
  };
}

/** Whether what runs now goes on by itself. */
export function isQuietHere(): boolean {
  return isQuiet(context.active());
}

function isQuiet(parent: Context): boolean {
  return parent.getValue(quietKey) === true && trace.getSpanContext(parent) === undefined;
}

/** The conventions of databases, those before 1.25 included. */
function isQuery(attributes: Attributes): boolean {
  return attributes['db.system.name'] !== undefined || attributes['db.system'] !== undefined;
}
