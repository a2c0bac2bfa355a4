import { createRequire } from 'node:module';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { leaveDebugged, leaveFigures, leaveStart, leaveTick, sharedMillis, type WatchMemory } from './watch-memory.ts';
import { countWorkers } from './worker-count.ts';

/** Delay of the event loop over one window, in milliseconds beyond the timer that measures it. */
export interface DelayWindow {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** The main thread's part: it says that its event loop turns, and how well. */
export interface MainPulse {
  /** Of the last full window; `undefined` before there is one. */
  delay(): DelayWindow | undefined;
  workerThreads(): number;
}

const resolutionMillis = 20;
const windowMillis = 10_000;

/**
 * Ticks as often as the watchdog looks; measures the delay of the event loop all the time, in native code, and reads it once per window.
 * Keeps no process alive.
 */
export function startPulse(memory: WatchMemory, intervalMillis: number): MainPulse {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMillis });
  histogram.enable();
  const workers = countWorkers();
  const isDebugged = inspectorQuestion();
  let delay: DelayWindow | undefined;
  let windowEnd = sharedMillis() + windowMillis;
  const figures = () =>
    leaveFigures(memory, {
      heapUsedBytes: getHeapStatistics().used_heap_size,
      delayP99Millis: delay?.p99,
      workerThreads: workers(),
    });
  const tick = () => {
    const now = sharedMillis();
    leaveTick(memory, now);
    leaveDebugged(memory, isDebugged());
    if (now < windowEnd) return;
    windowEnd = now + windowMillis;
    delay = readDelay(histogram) ?? delay;
    histogram.reset();
    figures();
  };
  figures();
  leaveStart(memory, sharedMillis());
  leaveDebugged(memory, isDebugged());
  // In the root context: a timer keeps the context it was armed in.
  context.with(suppressTracing(ROOT_CONTEXT), () => setInterval(tick, intervalMillis).unref());
  return { delay: () => delay, workerThreads: workers };
}

/** Whether a debugger could be attached, by its port. Builds of Node.js without an inspector do not have the module. */
function inspectorQuestion(): () => boolean {
  if (!process.features.inspector) return () => false;
  const inspector: typeof import('node:inspector') = createRequire(import.meta.url)('node:inspector');
  return () => inspector.url() !== undefined;
}

function readDelay(histogram: IntervalHistogram): DelayWindow | undefined {
  if (histogram.count === 0) return undefined;
  const beyond = (nanos: number) => Math.max(0, nanos / 1e6 - resolutionMillis);
  return {
    min: beyond(histogram.min),
    max: beyond(histogram.max),
    mean: beyond(histogram.mean),
    p50: beyond(histogram.percentile(50)),
    p90: beyond(histogram.percentile(90)),
    p99: beyond(histogram.percentile(99)),
  };
}
