import type { JournalClock } from '../../src/journal/clock.ts';

/** Time that passes when a test says so. */
export class ManualClock implements JournalClock {
  #now = 1_763_781_720_000;
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(millis: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { until: this.#now + millis, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        resolve();
      });
    });
  }

  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Lets time pass, backwards too, and wakes who has slept long enough. */
  async advance(millis: number): Promise<void> {
    this.#now += millis;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    // One turn of the event loop: what was woken has run until it waits again.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
