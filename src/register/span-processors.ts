import { diag } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { RedactingSpanExporter } from '../recording/redacting-span-exporter.ts';
import type { Courier } from './courier.ts';
import { createCourierSpanExporter } from './courier-exporter.ts';
import type { ExportPlan } from './export-plan.ts';
import { loadSpanExporter } from './foreign-exporter.ts';
import { isOtlpHttp } from './otlp-sender.ts';

/** Processors that send spans to where the standard variables say, redacted. */
export function createExportingSpanProcessors(plan: ExportPlan, courier: Courier | undefined): SpanProcessor[] {
  return plan.exporters.flatMap((name) => {
    const exporter = createExporter(name, plan.protocol, courier);
    if (exporter === undefined) return [];
    const redacting = new RedactingSpanExporter(exporter);
    return name === 'console'
      ? new SimpleSpanProcessor({ exporter: redacting })
      : new BatchSpanProcessor({ exporter: redacting, ...plan.batch });
  });
}

function createExporter(name: string, protocol: string, courier: Courier | undefined): SpanExporter | undefined {
  switch (name) {
    case 'otlp':
      return isOtlpHttp(protocol) && courier !== undefined
        ? createCourierSpanExporter(courier, protocol)
        : loadSpanExporter('grpc');
    case 'console':
      return new ConsoleSpanExporter();
    case 'zipkin':
      return loadSpanExporter('zipkin');
    default:
      diag.warn(`OTEL_TRACES_EXPORTER names the unknown exporter ${name}; it is left out.`);
      return undefined;
  }
}
