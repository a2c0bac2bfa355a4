import { diag } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { AttributeResource } from '../projection/readable-span.ts';
import { type LedgerExporterOptions, leaseRecorder, type RecorderLease } from './journal-source.ts';
import type { Recorder } from './recorder.ts';

/** What spans and log records have in common for an exporter. */
interface Exported {
  readonly resource: AttributeResource;
}

/** What both exporters do alike: open the journal with the first batch, answer, flush, shut down once. Never throws. */
export class LedgerExporter<T extends Exported> {
  readonly #options: LedgerExporterOptions;
  readonly #record: (recorder: Recorder, batch: readonly T[]) => void;
  #lease: RecorderLease | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: LedgerExporterOptions, record: (recorder: Recorder, batch: readonly T[]) => void) {
    this.#options = options;
    this.#record = record;
  }

  export(batch: readonly T[], resultCallback: (result: ExportResult) => void): void {
    resultCallback(this.#exportNow(batch));
  }

  #exportNow(batch: readonly T[]): ExportResult {
    if (this.#stopped !== undefined) {
      return { code: ExportResultCode.FAILED, error: new Error('The exporter has been shut down.') };
    }
    try {
      this.#lease ??= leaseRecorder(this.#options, batch[0]?.resource);
      this.#record(this.#lease.recorder, batch);
      return { code: ExportResultCode.SUCCESS };
    } catch (error) {
      return { code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error('unknown error') };
    }
  }

  async forceFlush(): Promise<void> {
    try {
      await this.#lease?.recorder.journal.sync();
    } catch (error) {
      diag.error('spanledger: the journal could not be synced', error);
    }
  }

  shutdown(): Promise<void> {
    this.#stopped ??= this.forceFlush().then(() => this.#lease?.release());
    return this.#stopped;
  }
}
