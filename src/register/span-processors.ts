import { diag, TraceFlags } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { RedactingSpanExporter } from '../recording/redacting-span-exporter.ts';
import { Batch, createList } from './batch.ts';
import { createCourierRequestExporter, createCourierSpanExporter } from './courier-exporter.ts';
import type { Carrier } from './courier-line.ts';
import type { ExportPlan } from './export-plan.ts';
import { loadSpanExporter } from './foreign-exporter.ts';
import { isOtlpHttp } from './otlp-protocol.ts';
import { OtlpSpans } from './otlp-spans.ts';

const delayMillis = 5000;

/** Processors that send spans to where the standard variables say, redacted. */
export function createExportingSpanProcessors(
  plan: ExportPlan,
  courier: Pick<Carrier, 'send'> | undefined,
): SpanProcessor[] {
  return plan.exporters.flatMap((name) => createProcessor(name, plan, courier) ?? []);
}

function createProcessor(
  name: string,
  plan: ExportPlan,
  courier: Pick<Carrier, 'send'> | undefined,
): SpanProcessor | undefined {
  switch (name) {
    case 'otlp':
      return isOtlpHttp(plan.protocol) && courier !== undefined
        ? batchProcessor(plan, courier)
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

function batchProcessor({ protocol, batch: limits }: ExportPlan, courier: Pick<Carrier, 'send'>): SpanProcessor {
  if (protocol === 'http/json') {
    const exporter = new RedactingSpanExporter(createCourierSpanExporter(courier));
    return new SpanBatches(new Batch({ gathering: createList<ReadableSpan>(), exporter, limits, delayMillis }));
  }
  const exporter = createCourierRequestExporter(courier);
  return new SpanBatches(new Batch({ gathering: new OtlpSpans(), exporter, limits, delayMillis }));
}

function foreignProcessor(name: 'grpc' | 'zipkin', plan: ExportPlan): SpanProcessor | undefined {
  const exporter = loadSpanExporter(name);
  return exporter && new BatchSpanProcessor({ exporter: new RedactingSpanExporter(exporter), ...plan.batch });
}

/** Sends sampled spans in batches. */
class SpanBatches implements SpanProcessor {
  readonly #batch: Pick<Batch<ReadableSpan, unknown>, 'add' | 'flush' | 'close'>;

  constructor(batch: Pick<Batch<ReadableSpan, unknown>, 'add' | 'flush' | 'close'>) {
    this.#batch = batch;
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
