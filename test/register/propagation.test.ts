import { defaultTextMapSetter, diag, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPropagator } from '../../src/register/propagation.ts';
import { createCorrelationPropagator } from '../../src/telemetry/correlation-propagator.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanContext = { traceId, spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };
const context = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, spanContext),
  propagation.createBaggage({ one: { value: 'two' } }),
);

const told = vi.fn();
beforeEach(() => {
  const quiet = { info: told, debug: told, verbose: told };
  diag.setLogger({ ...quiet, warn: told, error: told }, { suppressOverrideMessage: true });
});
afterEach(() => {
  diag.disable();
  told.mockReset();
});

function sent(names: readonly string[]): Record<string, string> {
  const carrier: Record<string, string> = {};
  createPropagator(names)?.inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

it('passes on trace and baggage', () => {
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  expect(sent(['tracecontext', 'baggage'])).toEqual({ traceparent, baggage: 'one=two' });
  expect(sent(['baggage'])).toEqual({ baggage: 'one=two' });
});

it('passes on B3 where the program has it installed', () => {
  expect(sent(['b3'])).toEqual({ b3: `${traceId}-b7ad6b7169203331-1` });
  expect(sent(['b3multi'])).toMatchObject({ 'x-b3-traceid': traceId });
});

it('passes on nothing where nothing is asked for', () => {
  expect(createPropagator([])).toBeUndefined();
  expect(createPropagator([], createCorrelationPropagator('X-One'))?.fields()).toEqual(['x-one']);
});

it('says so where a propagator is not known', () => {
  expect(sent(['xray', 'baggage'])).toEqual({ baggage: 'one=two' });
  expect(told.mock.calls.flat().join(' ')).toContain('xray');
});
