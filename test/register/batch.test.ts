import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type ExportResult, ExportResultCode, isTracingSuppressed } from '@opentelemetry/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Batch, type BatchExporter, createList } from '../../src/register/batch.ts';

class Exporter implements BatchExporter<number[]> {
  readonly batches: number[][] = [];
  readonly suppressed: boolean[] = [];
  readonly seen: unknown[] = [];
  isShutDown = false;

  export(items: number[], callback: (result: ExportResult) => void): void {
    this.batches.push(items);
    this.suppressed.push(isTracingSuppressed(context.active()));
    this.seen.push(context.active().getValue(requestKey));
    callback({ code: ExportResultCode.SUCCESS });
  }

  async shutdown(): Promise<void> {
    this.isShutDown = true;
  }
}

const requestKey = createContextKey('a request');
let exporter: Exporter;
let batch: Batch<number, number[]>;

beforeEach(() => {
  vi.useFakeTimers();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  exporter = new Exporter();
  batch = new Batch({ gathering: createList(), exporter, limits: { maxExportBatchSize: 3 }, delayMillis: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
  context.disable();
});

describe('a batch', () => {
  it('is handed over when it is full, at once', () => {
    for (const item of [1, 2, 3, 4]) batch.add(item);
    expect(exporter.batches).toEqual([[1, 2, 3]]);
  });

  it('is handed over when its time has come', () => {
    batch.add(1);
    vi.advanceTimersByTime(999);
    expect(exporter.batches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(exporter.batches).toEqual([[1]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has been handed over when flush returns, before its promise resolves', () => {
    batch.add(1);
    void batch.flush();
    expect(exporter.batches).toEqual([[1]]);
  });

  it('takes the delay that the environment asks for', () => {
    const hasty = new Batch({
      gathering: createList<number>(),
      exporter,
      limits: { scheduledDelayMillis: 10 },
      delayMillis: 1000,
    });
    hasty.add(1);
    vi.advanceTimersByTime(10);
    expect(exporter.batches).toEqual([[1]]);
  });

  it('is sent untraced and outside of whatever request it was filled in', () => {
    context.with(ROOT_CONTEXT.setValue(requestKey, 'a request'), () => batch.add(1));
    vi.advanceTimersByTime(1000);
    context.with(ROOT_CONTEXT.setValue(requestKey, 'a request'), () => void [1, 2, 3].map((item) => batch.add(item)));
    expect(exporter.suppressed).toEqual([true, true]);
    expect(exporter.seen).toEqual([undefined, undefined]);
  });

  it('is sent once more when it is closed, and never again', async () => {
    batch.add(1);
    await batch.close();
    await batch.close();
    batch.add(2);
    await batch.flush();
    expect(exporter.batches).toEqual([[1]]);
    expect(exporter.isShutDown).toBe(true);
  });
});
