import { type Context, context, diag } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { addLogIdentity } from './log-identity.ts';
import { markLogRecorded } from './recorded-logs.ts';
import type { Recorder } from './recorder.ts';

/**
 * Makes the log record processor that records log lines the moment they are written, and puts the ids of the work around them onto them,
 * also for the exporters behind it. Register it behind processors that change records. It never throws and records nothing while tracing is suppressed.
 */
export function createLedgerLogProcessor(recorder: Recorder): LogRecordProcessor {
  return new LedgerLogProcessor(recorder);
}

class LedgerLogProcessor implements LogRecordProcessor {
  readonly #recorder: Recorder;
  #stopped: Promise<void> | undefined;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  onEmit(log: ReadableLogRecord, emitContext?: Context): void {
    if (this.#stopped !== undefined || isTracingSuppressed(emitContext ?? context.active())) return;
    addLogIdentity(log, emitContext);
    markLogRecorded(log);
    this.#recorder.recordLogs([log]);
  }

  forceFlush(): Promise<void> {
    return this.#recorder.journal.sync().catch((error: unknown) => {
      diag.error('spanledger: the journal could not be synced', error);
    });
  }

  shutdown(): Promise<void> {
    this.#stopped ??= this.forceFlush();
    return this.#stopped;
  }
}
