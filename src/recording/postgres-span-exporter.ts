import type { ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { LedgerExporterOptions } from './journal-source.ts';
import { LedgerExporter } from './ledger-exporter.ts';
import { isRecorded } from './recorded-spans.ts';
import type { Recorder } from './recorder.ts';
import { toldEvents } from './told-events.ts';

/**
 * Records finished spans: units, their events, HTTP requests. For a hand-built SDK; rows appear when a span ends, so work
 * in flight is not seen, and a span that is not sampled makes none. The live processor does both; spans it has recorded are
 * left out.
 *
 * @example
 * ```ts
 * const exporter = new PostgresSpanExporter({ directory: '.spanledger' });
 * const sdk = new NodeSDK({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
 * ```
 */
export class PostgresSpanExporter implements SpanExporter {
  readonly #exporter: LedgerExporter<ReadableSpan>;

  constructor(options: LedgerExporterOptions) {
    this.#exporter = new LedgerExporter(options, recordSpans);
  }

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    this.#exporter.export(spans, resultCallback);
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

function recordSpans(recorder: Recorder, spans: readonly ReadableSpan[]): void {
  const told = toldEvents();
  for (const span of spans) {
    if (isRecorded(span)) continue;
    const { spanId } = span.spanContext();
    recorder.recordEnds([span], (event) => told.isFirst(spanId, event.attributes));
  }
}
