import { setImmediate } from 'node:timers/promises';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOtelEnvironment } from '../../src/configuration/otel-environment.ts';
import type { Courier } from '../../src/register/courier.ts';
import { createCourierLine } from '../../src/register/courier-line.ts';
import { exportPlans } from '../../src/register/export-plan.ts';
import { createSending, type Sending } from '../../src/register/sending.ts';

let sent: string[];
let sending: Sending;
let end: () => Promise<void>;

beforeEach(() => {
  sent = [];
  const otel = readOtelEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' });
  const courier: Courier = {
    send: async (signal) => {
      sent.push(signal);
    },
    settled: async () => {},
    finish: () => true,
    deaths: () => 0,
    line: createCourierLine(),
  };
  sending = createSending(exportPlans(otel), otel, courier);
  const tracers = new TracerProvider({ spanProcessors: [...sending.span] });
  const loggers = new LoggerProvider({ processors: [...sending.log] });
  const meters = new MeterProvider({ readers: sending.metricReaders });
  tracers.getTracer('a').startSpan('work').end();
  loggers.getLogger('a').emit({ body: 'said' });
  meters.getMeter('a').createCounter('done').add(1);
  end = () => meters.shutdown();
});
afterEach(() => end());

describe('what leaves the process over OTLP', () => {
  it('is handed over on a flush, metrics included', async () => {
    await sending.flush();
    expect(sent.toSorted()).toEqual(['logs', 'metrics', 'traces']);
  });

  it('is handed over before the call returns at the very end, and nothing follows that would be cut off', async () => {
    sending.handOver();
    expect(sent.toSorted()).toEqual(['logs', 'traces']);
    await setImmediate();
    expect(sent).toHaveLength(2);
  });
});
