import {
  AggregationTemporality,
  type IMetricReader,
  InstrumentType,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import type { Courier } from './courier.ts';
import { createCourierMetricExporter } from './courier-exporter.ts';
import type { ExportPlan } from './export-plan.ts';
import { isOtlpHttp } from './otlp-sender.ts';

const defaultIntervalMillis = 60_000;
const defaultTimeoutMillis = 30_000;

/**
 * The reader that sends metrics through the courier; none where metrics are not sent; `undefined` where the SDK has to build
 * readers of its own from the environment, as for Prometheus.
 */
export function createMetricReaders(
  plan: ExportPlan,
  { metrics }: Pick<OtelEnvironment, 'metrics'>,
  courier: Courier | undefined,
): IMetricReader[] | undefined {
  if (plan.exporters.length === 0) return [];
  const isOurs = plan.exporters.every((name) => name === 'otlp') && isOtlpHttp(plan.protocol);
  if (!isOurs || courier === undefined || !isOtlpHttp(plan.protocol)) return undefined;
  const intervalMillis = metrics.intervalMillis ?? defaultIntervalMillis;
  return [
    new PeriodicExportingMetricReader({
      exporter: createCourierMetricExporter(courier, plan.protocol, temporalitySelector(metrics.temporality)),
      exportIntervalMillis: intervalMillis,
      exportTimeoutMillis: Math.min(intervalMillis, metrics.timeoutMillis ?? defaultTimeoutMillis),
    }),
  ];
}

const { CUMULATIVE, DELTA } = AggregationTemporality;

/** Instruments whose sums go up and down are cumulative whatever is preferred: their deltas would mean nothing. */
const alwaysCumulative: readonly InstrumentType[] = [
  InstrumentType.UP_DOWN_COUNTER,
  InstrumentType.OBSERVABLE_UP_DOWN_COUNTER,
];
const deltaAtLowMemory: readonly InstrumentType[] = [InstrumentType.COUNTER, InstrumentType.HISTOGRAM];

/** `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, as the specification defines it. */
function temporalitySelector(preference: string): (instrument: InstrumentType) => AggregationTemporality {
  switch (preference) {
    case 'delta':
      return (instrument) => (alwaysCumulative.includes(instrument) ? CUMULATIVE : DELTA);
    case 'lowmemory':
      return (instrument) => (deltaAtLowMemory.includes(instrument) ? DELTA : CUMULATIVE);
    default:
      return () => CUMULATIVE;
  }
}
