import { diag } from '@opentelemetry/api';
import {
  BatchLogRecordProcessor,
  ConsoleLogRecordExporter,
  type LogRecordExporter,
  type LogRecordProcessor,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { RedactingLogRecordExporter } from '../recording/redacting-log-record-exporter.ts';
import type { Courier } from './courier.ts';
import { createCourierLogRecordExporter } from './courier-exporter.ts';
import type { ExportPlan } from './export-plan.ts';
import { loadLogRecordExporter } from './foreign-exporter.ts';
import { isOtlpHttp } from './otlp-sender.ts';

/** Processors that send log records to where the standard variables say, redacted. */
export function createExportingLogRecordProcessors(
  plan: ExportPlan,
  courier: Courier | undefined,
): LogRecordProcessor[] {
  return plan.exporters.flatMap((name) => {
    const exporter = createExporter(name, plan.protocol, courier);
    if (exporter === undefined) return [];
    const redacting = new RedactingLogRecordExporter(exporter);
    return name === 'console'
      ? new SimpleLogRecordProcessor({ exporter: redacting })
      : new BatchLogRecordProcessor({ exporter: redacting, ...plan.batch });
  });
}

function createExporter(name: string, protocol: string, courier: Courier | undefined): LogRecordExporter | undefined {
  switch (name) {
    case 'otlp':
      return isOtlpHttp(protocol) && courier !== undefined
        ? createCourierLogRecordExporter(courier, protocol)
        : loadLogRecordExporter('grpc');
    case 'console':
      return new ConsoleLogRecordExporter();
    default:
      diag.warn(`OTEL_LOGS_EXPORTER names the unknown exporter ${name}; it is left out.`);
      return undefined;
  }
}
