import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { OtelEnvironment } from '../configuration/otel-environment.ts';
import type { Carrier } from './courier-line.ts';
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
  /**
   * Hands over the spans and log records that are held, before it returns. For the very end of the process: metrics are collected
   * asynchronously, in the microtasks that Node.js runs after `exit`, and a request begun there is cut off half-way.
   */
  handOver(): void;
}

/** Builds what the export plans ask for. */
export function createSending(plans: ExportPlans, otel: OtelEnvironment, courier: Carrier | undefined): Sending {
  const span = createExportingSpanProcessors(plans.traces, courier);
  const log = createExportingLogRecordProcessors(plans.logs, courier);
  const metricReaders = createMetricReaders(plans.metrics, otel, courier);
  const atOnce = [...span, ...log];
  const parts = [...atOnce, ...metricReaders];
  return {
    span,
    log,
    metricReaders,
    isActive: parts.length > 0,
    flush: async () => {
      await Promise.allSettled(parts.map((part) => part.forceFlush()));
      await courier?.settled();
    },
    handOver: () => {
      // Synchronous up to the hand-over.
      void Promise.allSettled(atOnce.map((part) => part.forceFlush()));
    },
  };
}
