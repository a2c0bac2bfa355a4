import type { HrTime } from '@opentelemetry/api';

/** Tells the time. Injected, so that tests are exact. */
export interface Clock {
  /** Microseconds since the Unix epoch, an integer below 2^53. */
  now(): number;
}

/**
 * `performance.now()` does not advance while a machine sleeps and does not follow clock corrections; beyond this many
 * milliseconds the wall clock is believed again.
 */
const maxDriftMillis = 500;
/** The two are compared this often, since each reading costs. */
const compareEveryMillis = 100;

/** A clock with microsecond steps that follows the wall clock: the process clock, anchored anew when it has drifted. */
export function createSystemClock(): Clock {
  let anchor = performance.timeOrigin;
  let comparedAt = Number.NEGATIVE_INFINITY;
  return {
    now() {
      const elapsed = performance.now();
      if (elapsed - comparedAt > compareEveryMillis) {
        comparedAt = elapsed;
        const wall = Date.now();
        if (Math.abs(wall - anchor - elapsed) > maxDriftMillis) anchor = wall - elapsed;
      }
      return Math.round((anchor + elapsed) * 1_000);
    },
  };
}

const systemClock = createSystemClock();
const key = Symbol.for('spanledger.clock.v1');
const slot = globalThis as { [key]?: Clock | undefined };

/** The clock of this process. */
export function processClock(): Clock {
  return slot[key] ?? systemClock;
}

/** Sets the clock of this process; `undefined` brings the system clock back. */
export function setProcessClock(clock: Clock | undefined): void {
  slot[key] = clock;
}

/** Microseconds since the epoch as OpenTelemetry's `[seconds, nanoseconds]`. */
export function toHrTime(micros: number): HrTime {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}
