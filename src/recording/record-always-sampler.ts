import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';

/** `SamplingDecision` of the SDK, in both lines. */
const notRecord = 0;
const recordOnly: SamplingResult['decision'] = 1;

/**
 * A sampler that records every span, so that rows do not depend on sampling; what is sent on is still what `delegate`
 * samples. The SDK's `createAlwaysRecordSampler` does the same; this one spares the import of the SDK.
 */
export function createRecordAlwaysSampler(delegate: Sampler): Sampler {
  return {
    shouldSample(
      context: Context,
      traceId: string,
      spanName: string,
      spanKind: SpanKind,
      attributes: Attributes,
      links: Link[],
    ): SamplingResult {
      const result = delegate.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      return result.decision === notRecord ? { ...result, decision: recordOnly } : result;
    },
    toString: () => `RecordAlways{${delegate.toString()}}`,
  };
}
