import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, suppressTracing } from '@opentelemetry/core';
import type { BatchLimits } from '../configuration/otel-environment.ts';

/** What spans and log records have in common on their way out. */
export interface BatchExporter<B> {
  /** Takes a batch whole, before it returns. */
  export(batch: B, callback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A batch that is not full yet. */
export interface Gathering<T, B> {
  readonly size: number;
  /** Throws nothing. */
  add(item: T): void;
  /** Everything so far, as the exporter wants it; from then on it begins anew. */
  take(): B;
}

/** Gathers items in a list. */
export function createList<T>(): Gathering<T, T[]> {
  let items: T[] = [];
  return {
    get size() {
      return items.length;
    },
    add: (item) => {
      items.push(item);
    },
    take: () => {
      const taken = items;
      items = [];
      return taken;
    },
  };
}

export interface BatchOptions<T, B> {
  readonly gathering: Gathering<T, B>;
  readonly exporter: BatchExporter<B>;
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
export class Batch<T, B> {
  readonly #gathering: Gathering<T, B>;
  readonly #exporter: BatchExporter<B>;
  readonly #size: number;
  readonly #delayMillis: number;
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor({ gathering, exporter, limits, delayMillis }: BatchOptions<T, B>) {
    this.#gathering = gathering;
    this.#exporter = exporter;
    this.#size = limits.maxExportBatchSize ?? defaultSize;
    this.#delayMillis = limits.scheduledDelayMillis ?? delayMillis;
  }

  add(item: T): void {
    if (this.#closed !== undefined) return;
    this.#gathering.add(item);
    if (this.#gathering.size >= this.#size) this.#handOver();
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
    if (this.#gathering.size === 0) return;
    context.with(suppressTracing(ROOT_CONTEXT), () => {
      this.#exporter.export(this.#gathering.take(), ({ code, error }) => {
        if (code !== ExportResultCode.SUCCESS) diag.warn('A batch could not be sent over OTLP and is dropped.', error);
      });
    });
  }
}
