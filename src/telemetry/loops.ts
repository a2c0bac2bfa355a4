import type { LoopFacts } from '../domain/health.ts';
import { messageOf } from '../domain/thrown.ts';
import { event } from './conventions.ts';
import { type LoopCycle, loopCycle } from './loop-cycle.ts';
import { storedText } from './stored-text.ts';
import { telemetryMetrics } from './telemetry-metrics.ts';
import { audit } from './work.ts';

/** Options of a loop. */
export interface LoopOptions {
  /** Longest time between two successes, in milliseconds; beyond it the program is not ready. */
  readonly successWithinMillis?: number;
}

/** A loop of a worker, whose cycles are counted. */
export interface WorkerLoop {
  readonly name: string;
  /**
   * Runs one cycle, which may tell in numbers what it has done. Resolves with `undefined`, and does nothing, while the cycle before still runs: cycles do not overlap.
   *
   * @throws what the cycle throws, once it is noted
   */
  run<T>(cycle: (told: LoopCycle) => T | Promise<T>): Promise<T | undefined>;
  facts(): LoopFacts;
}

const key = Symbol.for('spanledger.loops.v1');
interface Registry {
  readonly loops: Map<string, WorkerLoop>;
  onChange: (() => void) | undefined;
}
const slot = globalThis as { [key]?: Registry };

function registry(): Registry {
  slot[key] ??= { loops: new Map(), onChange: undefined };
  return slot[key];
}

const maxMessageLength = 500;
const mostCounts = 10;

/**
 * The loop of that name, made on first use: its last run, last success, last error and count appear in health answers, in metrics and in
 * `spanledger doctor`; its first cycle, each that fails and the first that goes well again are records.
 *
 * ```ts
 * const sync = workerLoop('sync', { successWithinMillis: 3_600_000 });
 * await sync.run(async (cycle) => cycle.count('jobs synced', await syncOnce()));
 * ```
 */
export function workerLoop(name: string, options: LoopOptions = {}): WorkerLoop {
  const { loops } = registry();
  const known = loops.get(name);
  if (known !== undefined) return known;
  const loop = new CountedLoop(name, options);
  loops.set(name, loop);
  changed();
  return loop;
}

/** What all loops of this process tell. */
export function loopFacts(): readonly LoopFacts[] {
  return [...registry().loops.values()].map((loop) => loop.facts());
}

/** Calls `listener` after each change of a loop; one listener at a time. */
export function onLoopChange(listener: (() => void) | undefined): void {
  registry().onChange = listener;
}

function changed(): void {
  registry().onChange?.();
}

class CountedLoop implements WorkerLoop {
  readonly name: string;
  readonly #options: LoopOptions;
  readonly #since = Date.now();
  #failedInARow = 0;
  #told: Omit<LoopFacts, 'name' | 'since' | 'successWithinMillis'> = { count: 0, failures: 0 };

  constructor(name: string, options: LoopOptions) {
    this.name = name;
    this.#options = options;
  }

  async run<T>(cycle: (told: LoopCycle) => T | Promise<T>): Promise<T | undefined> {
    if (this.#told.runningSince !== undefined) return undefined;
    const began = Date.now();
    const from = performance.now();
    if (this.#told.lastRunAt === undefined) this.#record(event.loopStarted, 'runs its first cycle');
    this.#tell({ ...this.#told, runningSince: began, lastRunAt: began });
    try {
      const value = await cycle(loopCycle(this.name, (what, count) => this.#count(what, count)));
      if (this.#failedInARow > 0)
        this.#record(event.loopRecovered, `went well after ${this.#failedInARow} that had failed`);
      this.#failedInARow = 0;
      this.#ended(from, { lastSuccessAt: Date.now() });
      return value;
    } catch (error) {
      const message = storedText(messageOf(error), maxMessageLength);
      this.#failedInARow += 1;
      audit({
        event: event.loopFailed,
        category: 'error',
        message: `A cycle of the loop ${this.name} failed.`,
        error,
        details: this.facts(),
      });
      this.#ended(from, { failures: this.#told.failures + 1, lastError: { at: Date.now(), message } });
      throw error;
    }
  }

  #count(what: string, count: number): void {
    const { counts = {} } = this.#told;
    // A loop counts a few things; what is told with an id in it is not added up.
    if (counts[what] === undefined && Object.keys(counts).length >= mostCounts) return;
    this.#told = { ...this.#told, counts: { ...counts, [what]: (counts[what] ?? 0) + count } };
  }

  #record(name: string, what: string): void {
    audit({ event: name, category: 'performance', message: `The loop ${this.name} ${what}.` });
  }

  facts(): LoopFacts {
    return { name: this.name, since: this.#since, ...this.#options, ...this.#told };
  }

  #ended(from: number, outcome: Partial<LoopFacts>): void {
    const { runningSince: _, ...told } = this.#told;
    this.#tell({ ...told, ...outcome, count: told.count + 1 });
    const seconds = (performance.now() - from) / 1000;
    telemetryMetrics().loopRun(
      { loop: this.name, outcome: outcome.lastError === undefined ? 'success' : 'error' },
      seconds,
    );
  }

  #tell(told: Omit<LoopFacts, 'name' | 'since' | 'successWithinMillis'>): void {
    this.#told = told;
    changed();
  }
}
