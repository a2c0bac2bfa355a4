import type { ExportResult } from '@opentelemetry/core';
import type { LogRecordExporter, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { LedgerExporterOptions } from './journal-source.ts';
import { LedgerExporter } from './ledger-exporter.ts';
import { isLogNew } from './recorded-logs.ts';

/**
 * Records the log lines of a service as rows of `audit_log`. Events of spanledger that have a row already, live or by
 * {@link PostgresSpanExporter}, are left out.
 *
 * @example
 * ```ts
 * const exporter = new PostgresLogRecordExporter({ directory: '.spanledger' });
 * const sdk = new NodeSDK({ logRecordProcessors: [new BatchLogRecordProcessor({ exporter })] });
 * ```
 */
export class PostgresLogRecordExporter implements LogRecordExporter {
  readonly #exporter: LedgerExporter<ReadableLogRecord>;

  constructor(options: LedgerExporterOptions) {
    this.#exporter = new LedgerExporter(options, (recorder, logs) => recorder.recordLogs(logs.filter(isLogNew)));
  }

  export(logs: ReadableLogRecord[], resultCallback: (result: ExportResult) => void): void {
    this.#exporter.export(logs, resultCallback);
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}
