import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import type { Courier } from './courier.ts';
import type { ExportPlans } from './export-plan.ts';
import { createExportingLogRecordProcessors } from './log-record-processors.ts';
import { createMetricReaders } from './metric-readers.ts';
import { createExportingSpanProcessors } from './span-processors.ts';

/** Everything that leaves the process over OpenTelemetry's own protocols. */
export interface Sending {
  readonly span: readonly SpanProcessor[];
  readonly log: readonly LogRecordProcessor[];
  readonly metricReaders: IMetricReader[];
  /** Whether anything is sent at all. */
  readonly isActive: boolean;
  /** Resolves when what is held has been handed over and taken, or has failed. Never rejects. */
  flush(): Promise<void>;
}

/** Builds what the export plans ask for. */
export function createSending(plans: ExportPlans, otel: OtelEnvironment, courier: Courier | undefined): Sending {
  const span = createExportingSpanProcessors(plans.traces, courier);
  const log = createExportingLogRecordProcessors(plans.logs, courier);
  const metricReaders = createMetricReaders(plans.metrics, otel, courier);
  const parts = [...span, ...log, ...metricReaders];
  return {
    span,
    log,
    metricReaders,
    isActive: parts.length > 0,
    flush: async () => {
      // Synchronous up to the hand-over: at the very end of a process this much still happens.
      await Promise.allSettled(parts.map((part) => part.forceFlush()));
      await courier?.settled();
    },
  };
}
