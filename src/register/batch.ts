import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, suppressTracing } from '@opentelemetry/core';
import type { BatchLimits } from '../configuration/otel-environment.ts';

/** What spans and log records have in common on their way out. */
export interface BatchExporter<T> {
  export(items: T[], callback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface BatchOptions<T> {
  readonly exporter: BatchExporter<T>;
  readonly limits: BatchLimits;
  /** Longest time an item waits for company, unless the limits say otherwise. */
  readonly delayMillis: number;
}

const defaultSize = 512;

/**
 * Collects items and hands them to an exporter that takes them at once, as the courier's do. OpenTelemetry's own batch processors wait
 * for the answer of each export: they keep the process alive meanwhile, drop what comes, and that for logs needs an event loop to flush,
 * which `process.exit` does not leave it. Here the hand-over is over when `flush` returns.
 */
export class Batch<T> {
  readonly #exporter: BatchExporter<T>;
  readonly #size: number;
  readonly #delayMillis: number;
  #items: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor({ exporter, limits, delayMillis }: BatchOptions<T>) {
    this.#exporter = exporter;
    this.#size = limits.maxExportBatchSize ?? defaultSize;
    this.#delayMillis = limits.scheduledDelayMillis ?? delayMillis;
  }

  add(item: T): void {
    if (this.#closed !== undefined) return;
    this.#items.push(item);
    if (this.#items.length >= this.#size) this.#handOver();
    else this.#timer ??= this.#arm();
  }

  async flush(): Promise<void> {
    this.#handOver();
    await this.#exporter.forceFlush?.();
  }

  close(): Promise<void> {
    this.#closed ??= this.flush().finally(() => this.#exporter.shutdown());
    return this.#closed;
  }

  /** In the root context: a timer keeps the context it was armed in, and with it the span of some request. */
  #arm(): NodeJS.Timeout {
    return context.with(suppressTracing(ROOT_CONTEXT), () =>
      setTimeout(() => this.#handOver(), this.#delayMillis).unref(),
    );
  }

  #handOver(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    context.with(suppressTracing(ROOT_CONTEXT), () => {
      this.#exporter.export(items, ({ code, error }) => {
        if (code !== ExportResultCode.SUCCESS) diag.warn('A batch could not be sent over OTLP and is dropped.', error);
      });
    });
  }
}
