import { diag, TraceFlags } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { RedactingSpanExporter } from '../recording/redacting-span-exporter.ts';
import { Batch, type BatchExporter } from './batch.ts';
import type { Courier } from './courier.ts';
import { createCourierSpanExporter } from './courier-exporter.ts';
import type { ExportPlan } from './export-plan.ts';
import { loadSpanExporter } from './foreign-exporter.ts';
import { isOtlpHttp } from './otlp-protocol.ts';

const delayMillis = 5000;

/** Processors that send spans to where the standard variables say, redacted. */
export function createExportingSpanProcessors(plan: ExportPlan, courier: Courier | undefined): SpanProcessor[] {
  return plan.exporters.flatMap((name) => createProcessor(name, plan, courier) ?? []);
}

function createProcessor(name: string, plan: ExportPlan, courier: Courier | undefined): SpanProcessor | undefined {
  switch (name) {
    case 'otlp':
      return isOtlpHttp(plan.protocol) && courier !== undefined
        ? new SpanBatches(new RedactingSpanExporter(createCourierSpanExporter(courier, plan.protocol)), plan)
        : foreignProcessor('grpc', plan);
    case 'zipkin':
      return foreignProcessor('zipkin', plan);
    case 'console':
      return new SimpleSpanProcessor({ exporter: new RedactingSpanExporter(new ConsoleSpanExporter()) });
    default:
      diag.warn(`OTEL_TRACES_EXPORTER names the unknown exporter ${name}; it is left out.`);
      return undefined;
  }
}

function foreignProcessor(name: 'grpc' | 'zipkin', plan: ExportPlan): SpanProcessor | undefined {
  const exporter = loadSpanExporter(name);
  return exporter && new BatchSpanProcessor({ exporter: new RedactingSpanExporter(exporter), ...plan.batch });
}

/** Sends sampled spans in batches. */
class SpanBatches implements SpanProcessor {
  readonly #batch: Batch<ReadableSpan>;

  constructor(exporter: BatchExporter<ReadableSpan>, { batch: limits }: ExportPlan) {
    this.#batch = new Batch({ exporter, limits, delayMillis });
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) this.#batch.add(span);
  }

  forceFlush(): Promise<void> {
    return this.#batch.flush();
  }

  shutdown(): Promise<void> {
    return this.#batch.close();
  }
}
