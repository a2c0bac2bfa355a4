import type { Worker } from 'node:worker_threads';

/** How a thread is kept running. */
export interface KeepingRules {
  /** Starts the thread. May throw: a machine that has no room for a thread has some later. */
  start(): Worker;
  /** Pause before the first restart, doubled with each further one that follows soon. */
  readonly restartMillis: number;
  /** Longest pause; default a minute. */
  readonly maxRestartMillis?: number;
  /** How often it may die soon after its start before it is given up; default without limit. */
  readonly mostDeaths?: number;
  /** It has died, or could not be started: `error` says why, where that is known. */
  onDeath?(error: unknown): void;
  /** It has died that often, and is not started again. */
  onGivenUp?(): void;
}

/** A thread that is started again when it dies. */
export interface KeptThread {
  /** `undefined` while it is down. */
  readonly current: Worker | undefined;
  /** Times that it died, or could not be started. */
  readonly deaths: number;
}

const defaultMaxRestartMillis = 60_000;
/** Who has lived so long did not die of its start: a program runs for months, and threads die of this and that meanwhile. */
const longLifeMillis = 600_000;

/** Starts a thread, and again each time it dies, later and later. It throws nothing and keeps no process alive by itself. */
export function keepThread(rules: KeepingRules, now: () => number = () => performance.now()): KeptThread {
  const { restartMillis, maxRestartMillis = defaultMaxRestartMillis, mostDeaths = Number.POSITIVE_INFINITY } = rules;
  const kept: { current: Worker | undefined; deaths: number } = { current: undefined, deaths: 0 };
  let inARow = 0;
  const died = (startedAt: number, error?: unknown) => {
    kept.current = undefined;
    kept.deaths += 1;
    inARow = now() - startedAt >= longLifeMillis ? 1 : inARow + 1;
    rules.onDeath?.(error);
    if (inARow >= mostDeaths) rules.onGivenUp?.();
    else setTimeout(start, Math.min(maxRestartMillis, restartMillis * 2 ** (inARow - 1))).unref();
  };
  const start = () => {
    const startedAt = now();
    try {
      kept.current = rules.start();
      kept.current.once('exit', () => died(startedAt));
    } catch (error) {
      died(startedAt, error);
    }
  };
  start();
  return kept;
}
