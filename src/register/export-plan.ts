import { diag } from '@opentelemetry/api';
import type { BatchLimits, OtelEnvironment, Signal } from '../configuration/otel-environment.ts';
import { isOtlpHttp, type OtlpHttpProtocol, type OtlpSignal } from './otlp-protocol.ts';

/** Where one signal goes. */
export interface ExportPlan {
  /** Names of exporters; empty means that the signal is not sent. */
  readonly exporters: readonly string[];
  readonly protocol: string;
  readonly batch: BatchLimits;
}

/** Where each signal goes. */
export type ExportPlans = Readonly<Record<Signal, ExportPlan>>;

const nowhere: ExportPlan = { exporters: [], protocol: 'http/protobuf', batch: {} };

/** Nothing is sent. */
export const noExports: ExportPlans = { traces: nowhere, logs: nowhere, metrics: nowhere };

/** What the standard variables say. A protocol that means nothing is told and replaced by the default. */
export function exportPlans(otel: OtelEnvironment): ExportPlans {
  return { traces: planOf(otel, 'traces'), logs: planOf(otel, 'logs'), metrics: planOf(otel, 'metrics') };
}

/** The signals that the courier sends, with their encoding. */
export function courierSignals(plans: ExportPlans): Readonly<Partial<Record<OtlpSignal, OtlpHttpProtocol>>> {
  return Object.fromEntries(
    Object.entries(plans)
      .filter(([, { exporters, protocol }]) => exporters.includes('otlp') && isOtlpHttp(protocol))
      .map(([signal, { protocol }]) => [signal, protocol]),
  );
}

function planOf(otel: OtelEnvironment, signal: Signal): ExportPlan {
  return {
    exporters: otel.exporters[signal],
    protocol: knownProtocol(otel.protocol[signal], otel.exporters[signal]),
    batch: signal === 'metrics' ? {} : otel.batch[signal],
  };
}

function knownProtocol(protocol: string, exporters: readonly string[]): string {
  if (protocol === 'grpc' || isOtlpHttp(protocol)) return protocol;
  if (exporters.includes('otlp')) diag.warn(`${protocol} is no protocol of OTLP; http/protobuf is used.`);
  return 'http/protobuf';
}
