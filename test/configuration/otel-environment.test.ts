import { describe, expect, it } from 'vitest';
import { readOtelEnvironment } from '../../src/configuration/otel-environment.ts';

describe('readOtelEnvironment', () => {
  it('exports nothing where neither exporter nor endpoint is named', () => {
    expect(readOtelEnvironment({}).exporters).toEqual({ traces: [], logs: [], metrics: [] });
  });

  it('exports all signals over OTLP where an endpoint is named', () => {
    const { exporters } = readOtelEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' });
    expect(exporters).toEqual({ traces: ['otlp'], logs: ['otlp'], metrics: ['otlp'] });
  });

  it('exports one signal where only its endpoint is named', () => {
    const { exporters } = readOtelEnvironment({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://loki/v1/logs' });
    expect(exporters).toEqual({ traces: [], logs: ['otlp'], metrics: [] });
  });

  it('takes none before an endpoint, and a named exporter without one', () => {
    const { exporters } = readOtelEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'console, otlp,console',
      OTEL_METRICS_EXPORTER: '"prometheus"',
    });
    expect(exporters).toEqual({ traces: [], logs: ['console', 'otlp'], metrics: ['prometheus'] });
  });

  it('takes the protocol of the signal before the common one', () => {
    const { protocol } = readOtelEnvironment({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
    });
    expect(protocol).toEqual({ traces: 'grpc', logs: 'http/json', metrics: 'grpc' });
  });

  it('reads the limits of batches and passes over what is no number', () => {
    const { batch } = readOtelEnvironment({
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_MAX_QUEUE_SIZE: 'many',
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '7',
    });
    expect(batch).toEqual({ traces: { scheduledDelayMillis: 100 }, logs: { maxExportBatchSize: 7 } });
  });

  it('takes names of methods as they are written', () => {
    const { instrumentations } = readOtelEnvironment({ OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET, PROPFIND,' });
    expect(instrumentations.knownMethods).toEqual(['GET', 'PROPFIND']);
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['1', false],
    ['', false],
  ])('takes OTEL_SDK_DISABLED=%s for %s', (value, disabled) => {
    expect(readOtelEnvironment({ OTEL_SDK_DISABLED: value }).disabled).toBe(disabled);
  });
});
