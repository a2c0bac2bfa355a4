import { diag } from '@opentelemetry/api';
import {
  BatchLogRecordProcessor,
  ConsoleLogRecordExporter,
  type LogRecordProcessor,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { RedactingLogRecordExporter } from '../recording/redacting-log-record-exporter.ts';
import { Batch, type BatchExporter, createList } from './batch.ts';
import { createCourierLogRecordExporter } from './courier-exporter.ts';
import type { Carrier } from './courier-line.ts';
import type { ExportPlan } from './export-plan.ts';
import { loadLogRecordExporter } from './foreign-exporter.ts';
import { isOtlpHttp } from './otlp-protocol.ts';

const delayMillis = 1000;

/** Processors that send log records to where the standard variables say, redacted. */
export function createExportingLogRecordProcessors(
  plan: ExportPlan,
  courier: Pick<Carrier, 'send'> | undefined,
): LogRecordProcessor[] {
  return plan.exporters.flatMap((name) => createProcessor(name, plan, courier) ?? []);
}

function createProcessor(
  name: string,
  plan: ExportPlan,
  courier: Pick<Carrier, 'send'> | undefined,
): LogRecordProcessor | undefined {
  switch (name) {
    case 'otlp':
      return isOtlpHttp(plan.protocol) && courier !== undefined
        ? new LogBatches(new RedactingLogRecordExporter(createCourierLogRecordExporter(courier, plan.protocol)), plan)
        : foreignProcessor(plan);
    case 'console':
      return new SimpleLogRecordProcessor({ exporter: new RedactingLogRecordExporter(new ConsoleLogRecordExporter()) });
    default:
      diag.warn(`OTEL_LOGS_EXPORTER names the unknown exporter ${name}; it is left out.`);
      return undefined;
  }
}

function foreignProcessor(plan: ExportPlan): LogRecordProcessor | undefined {
  const exporter = loadLogRecordExporter('grpc');
  return exporter && new BatchLogRecordProcessor({ exporter: new RedactingLogRecordExporter(exporter), ...plan.batch });
}

/** Sends log records in batches. */
class LogBatches implements LogRecordProcessor {
  readonly #batch: Batch<ReadableLogRecord, ReadableLogRecord[]>;

  constructor(exporter: BatchExporter<ReadableLogRecord[]>, { batch: limits }: ExportPlan) {
    this.#batch = new Batch({ gathering: createList(), exporter, limits, delayMillis });
  }

  onEmit(log: ReadableLogRecord): void {
    this.#batch.add(log);
  }

  forceFlush(): Promise<void> {
    return this.#batch.flush();
  }

  shutdown(): Promise<void> {
    return this.#batch.close();
  }
}
