import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { createSampler } from '../../src/register/sampler.ts';

const lowTrace = '00000000000000000000000000000001';
const highTrace = '000000000000000000ffffffffffffff';

function decides(name: string, argument: string | undefined, traceId: string, parent?: 'sampled' | 'dropped'): boolean {
  const spanContext = {
    traceId,
    spanId: '00000000000000aa',
    traceFlags: parent === 'sampled' ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  };
  const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext);
  const sampler = createSampler({ name, argument });
  const { decision } = sampler.shouldSample(context, traceId, 'a span', SpanKind.INTERNAL, {}, []);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

describe('createSampler', () => {
  it.each([
    ['always_on', undefined, lowTrace, undefined, true],
    ['always_on', undefined, lowTrace, 'dropped', true],
    ['always_off', undefined, lowTrace, 'sampled', false],
    ['parentbased_always_on', undefined, lowTrace, undefined, true],
    ['parentbased_always_on', undefined, lowTrace, 'dropped', false],
    ['parentbased_always_off', undefined, lowTrace, undefined, false],
    ['parentbased_always_off', undefined, lowTrace, 'sampled', true],
    ['traceidratio', '0', lowTrace, undefined, false],
    ['traceidratio', '1', highTrace, undefined, true],
    ['traceidratio', '0.5', lowTrace, undefined, true],
    ['traceidratio', '0.5', highTrace, undefined, false],
    ['traceidratio', 'much', highTrace, undefined, true],
    ['parentbased_traceidratio', '0', lowTrace, 'sampled', true],
    ['parentbased_traceidratio', '0', lowTrace, undefined, false],
    ['Parentbased_Always_On', undefined, lowTrace, undefined, true],
    ['crystal_ball', undefined, lowTrace, undefined, true],
  ] as const)('%s with %s decides on trace %s under a %s parent: %s', (name, argument, traceId, parent, sampled) => {
    expect(decides(name, argument, traceId, parent)).toBe(sampled);
  });
});
