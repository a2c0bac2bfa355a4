import type { Child, Window } from './child.ts';

/** How long calls of an app took in a part of its life. */
export interface CallLatency {
  /** Milliseconds: the median of what one call in a hundred takes longer than, over windows of a quarter of a second. */
  readonly p99: number;
  readonly windows: number;
}

/** In this time an app's code is compiled; its calls are no measure yet. */
const warmUpWindows = 8;

/** Waits until an app is warm and has then worked for some windows in peace; answers these. */
export async function calmWindows(app: Child, count: number): Promise<readonly Window[]> {
  while (app.windows.length < warmUpWindows + count) await new Promise((resolve) => setTimeout(resolve, 100));
  return app.windows.slice(warmUpWindows);
}

export function latencyOf(windows: readonly Window[]): CallLatency {
  const sorted = windows.map(({ p99 }) => p99).sort((one, other) => one - other);
  return { p99: sorted[Math.floor(sorted.length / 2)] ?? 0, windows: sorted.length };
}

/**
 * What is wrong with the calls during a fault, if anything is: they may take as long as before it. Noise is half a millisecond
 * unless more is given, or as much again as before; more of it where processes had to wait for a processor (`contention`, from 0 to 1).
 */
export function slowerCalls(
  where: string,
  before: CallLatency,
  during: CallLatency,
  contention: number,
  noiseMillis = 0.5,
): readonly string[] {
  const limit = Math.max(2 * before.p99, before.p99 + noiseMillis) * (1 + contention);
  if (during.windows === 0) return [`no calls were measured ${where}`];
  return during.p99 <= limit
    ? []
    : [`calls took ${during.p99.toFixed(3)} ms (p99) ${where}, ${before.p99.toFixed(3)} ms before`];
}

/** As a figure of a report. */
export function millis(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
