import { diag } from '@opentelemetry/api';
import type {
  AggregationTemporality,
  IMetricReader,
  InstrumentType,
  PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import { withRedaction } from '../recording/redacted-metrics.ts';
import { createCourierMetricExporter } from './courier-exporter.ts';
import type { Carrier } from './courier-line.ts';
import type { ExportPlan } from './export-plan.ts';
import { loadMetricExporter, loadPrometheusReader } from './foreign-exporter.ts';
import { metricsSdk } from './late-packages.ts';
import { isOtlpHttp } from './otlp-protocol.ts';

const defaultIntervalMillis = 60_000;
const defaultTimeoutMillis = 30_000;

/** Readers that send metrics, redacted, to where the standard variables say: none where metrics are not sent. */
export function createMetricReaders(
  plan: ExportPlan,
  { metrics }: Pick<OtelEnvironment, 'metrics'>,
  courier: Pick<Carrier, 'send'> | undefined,
): IMetricReader[] {
  const readers = plan.exporters.flatMap((name) => createReader(name, { plan, metrics, courier }) ?? []);
  return readers.map((reader) => withRedaction(reader));
}

interface ReaderParts extends Pick<OtelEnvironment, 'metrics'> {
  readonly plan: ExportPlan;
  readonly courier: Pick<Carrier, 'send'> | undefined;
}

function createReader(name: string, { plan, metrics, courier }: ReaderParts): IMetricReader | undefined {
  switch (name) {
    case 'otlp':
      return isOtlpHttp(plan.protocol) && courier !== undefined
        ? periodic(
            createCourierMetricExporter(courier, plan.protocol, temporalitySelector(metrics.temporality)),
            metrics,
          )
        : periodic(loadMetricExporter('grpc'), metrics);
    case 'console':
      return periodic(new (metricsSdk().ConsoleMetricExporter)(), metrics);
    case 'prometheus':
      return loadPrometheusReader();
    default:
      diag.warn(`OTEL_METRICS_EXPORTER names the unknown exporter ${name}; it is left out.`);
      return undefined;
  }
}

function periodic(
  exporter: PushMetricExporter | undefined,
  metrics: OtelEnvironment['metrics'],
): IMetricReader | undefined {
  const exportIntervalMillis = metrics.intervalMillis ?? defaultIntervalMillis;
  const exportTimeoutMillis = Math.min(exportIntervalMillis, metrics.timeoutMillis ?? defaultTimeoutMillis);
  if (exporter === undefined) return undefined;
  const { PeriodicExportingMetricReader } = metricsSdk();
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis });
}

/** `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, as the specification defines it. */
function temporalitySelector(preference: string): (instrument: InstrumentType) => AggregationTemporality {
  const { AggregationTemporality: temporality, InstrumentType: type } = metricsSdk();
  // Instruments whose sums go up and down are cumulative whatever is preferred: their deltas would mean nothing.
  const alwaysCumulative: readonly InstrumentType[] = [type.UP_DOWN_COUNTER, type.OBSERVABLE_UP_DOWN_COUNTER];
  const deltaAtLowMemory: readonly InstrumentType[] = [type.COUNTER, type.HISTOGRAM];
  const { CUMULATIVE, DELTA } = temporality;
  switch (preference) {
    case 'delta':
      return (instrument) => (alwaysCumulative.includes(instrument) ? CUMULATIVE : DELTA);
    case 'lowmemory':
      return (instrument) => (deltaAtLowMemory.includes(instrument) ? DELTA : CUMULATIVE);
    default:
      return () => CUMULATIVE;
  }
}
