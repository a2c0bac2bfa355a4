import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { correlationId, setCorrelationId } from '../../src/telemetry/correlation.ts';
import {
  adoptedTraceId,
  createCorrelationPropagator,
  isPlainCorrelationId,
} from '../../src/telemetry/correlation-propagator.ts';

const propagator = createCorrelationPropagator('X-Correlation-ID');
const uuid = '3F2504E0-4F89-41D3-9A0C-0305E82C3301';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traced = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.NONE });

function extract(value: string | string[], from = ROOT_CONTEXT) {
  return propagator.extract(from, { 'x-correlation-id': value }, defaultTextMapGetter);
}

function inject(from = ROOT_CONTEXT): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagator.inject(from, carrier, defaultTextMapSetter);
  return carrier;
}

describe('the correlation propagator', () => {
  it('takes the id of the caller as it is, and asks for the same trace id where that is a UUID (S3.3)', () => {
    const context = extract(uuid);
    expect(correlationId(context)).toBe(uuid);
    expect(adoptedTraceId(context)).toBe('3f2504e04f8941d39a0c0305e82c3301');
  });

  it('asks for no trace id where the caller sent a trace', () => {
    const context = extract(uuid, traced);
    expect([correlationId(context), adoptedTraceId(context)]).toEqual([uuid, undefined]);
  });

  it.each([['order-4711'], ['00000000-0000-0000-0000-000000000000'], ['user@host:1/2+3=']])(
    'keeps %s as the correlation id alone',
    (id) => {
      const context = extract(id);
      expect([correlationId(context), adoptedTraceId(context)]).toEqual([id, undefined]);
    },
  );

  it.each([
    ['a line break', 'one\r\nSet-Cookie: two'],
    ['an escape sequence', '\u001b[31mred'],
    ['a blank', 'one two'],
    ['a formula', '=1+1'],
    ['129 characters', 'a'.repeat(129)],
    ['nothing', ''],
    ['letters that look alike', 'оrder'],
  ])('passes over an id with %s', (_, id) => {
    expect(extract(id)).toBe(ROOT_CONTEXT);
  });

  it('takes the first of several headers', () => {
    expect(correlationId(extract(['one', 'two']))).toBe('one');
  });

  it('sends the id in force, without one that of the trace, and outside of both nothing', () => {
    expect(inject(setCorrelationId(traced, 'order-1'))).toEqual({ 'x-correlation-id': 'order-1' });
    expect(inject(traced)).toEqual({ 'x-correlation-id': traceId });
    expect(inject()).toEqual({});
  });

  it('sends no id of the program that would break a header', () => {
    expect(inject(setCorrelationId(ROOT_CONTEXT, 'one\r\ntwo: three'))).toEqual({});
    expect(isPlainCorrelationId('one\ntwo')).toBe(false);
  });

  it('names its header, for those who clear carriers', () => {
    expect(propagator.fields()).toEqual(['x-correlation-id']);
  });
});
