export type { JournalSource, LedgerExporterOptions } from './journal-source.ts';
export { createLedgerLogProcessor } from './ledger-log-processor.ts';
export { createLiveSpanProcessor } from './live-span-processor.ts';
export { PostgresLogRecordExporter } from './postgres-log-record-exporter.ts';
export { PostgresSpanExporter } from './postgres-span-exporter.ts';
export { createRecordAlwaysSampler } from './record-always-sampler.ts';
export { createRecorder, type Recorder, type RecorderOptions, type RecorderSettings } from './recorder.ts';
export { RedactingLogRecordExporter } from './redacting-log-record-exporter.ts';
export { RedactingSpanExporter } from './redacting-span-exporter.ts';
