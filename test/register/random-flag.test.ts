import { context, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { createRecordAlwaysSampler } from '../../src/recording/record-always-sampler.ts';
import { AdoptingTracerProvider } from '../../src/register/adopting-provider.ts';
import { createCorrelationPropagator } from '../../src/telemetry/correlation-propagator.ts';

const w3c = new W3CTraceContextPropagator();
const reading = { get: (carrier: Record<string, string>, key: string) => carrier[key], keys: Object.keys };
const writing = {
  set: (carrier: Record<string, string>, key: string, value: string) => {
    carrier[key] = value;
  },
};
/** As the flag samples: all spans are recorded. */
const sampler = createRecordAlwaysSampler(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
const tracer = new AdoptingTracerProvider({ sampler }).getTracer('app');

const flagsBehind = (traceparent: string) => {
  const parent = w3c.extract(ROOT_CONTEXT, { traceparent }, reading);
  return tracer.startSpan('request', { kind: SpanKind.SERVER }, parent).spanContext().traceFlags;
};

describe('the random flag of W3C Trace Context', () => {
  it('is set where the trace id is made here, for all spans of the trace and for whom they call', () => {
    const root = tracer.startSpan('root', { root: true });
    expect(root.spanContext().traceFlags).toBe(3);
    const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root));
    const carrier: Record<string, string> = {};
    w3c.inject(trace.setSpan(context.active(), child), carrier, writing);
    const { traceId, spanId } = child.spanContext();
    expect(carrier.traceparent).toBe(`00-${traceId}-${spanId}-03`);
  });

  it('is set without that of sampling where a trace is not sampled', () => {
    const none = createRecordAlwaysSampler(new AlwaysOffSampler());
    const unsampled = new AdoptingTracerProvider({ sampler: none }).getTracer('app').startSpan('root', { root: true });
    expect(unsampled.spanContext().traceFlags).toBe(2);
  });

  it.each([
    ['01', 1],
    ['03', 3],
    ['02', 2],
    ['00', 0],
  ])('goes on as it came: %s', (flags, expected) => {
    const told = flagsBehind(`00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`);
    const sampled = expected & TraceFlags.SAMPLED;
    expect([told & 2, told & 1]).toEqual([expected & 2, sampled]);
  });

  it('is not set for a trace id that a caller asked for, which may be anything', () => {
    const asked = createCorrelationPropagator('X-Correlation-ID');
    const carrier = { 'x-correlation-id': '0af7651916cd43dd8448eb211c80319c' };
    const parent = asked.extract(ROOT_CONTEXT, carrier, reading);
    const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, parent);
    expect(span.spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: 1 });
  });

  it('leaves spans alone that record nothing, whose context may be that of others', () => {
    const off = new TracerProvider({ sampler: new AlwaysOffSampler() });
    const parent = trace.setSpan(ROOT_CONTEXT, off.getTracer('app').startSpan('outer'));
    const silent = new AdoptingTracerProvider({ sampler: new AlwaysOffSampler() }).getTracer('app');
    expect(silent.startSpan('inner', {}, parent).spanContext().traceFlags).toBe(0);
  });
});
