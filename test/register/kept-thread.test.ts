import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepThread } from '../../src/register/kept-thread.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Threads as far as they are seen here: they end when a test says so. */
function place() {
  const started: EventEmitter[] = [];
  const start = () => {
    const thread = new EventEmitter();
    started.push(thread);
    return thread as unknown as Worker;
  };
  return { started, start, die: () => started.at(-1)?.emit('exit') };
}

describe('a kept thread', () => {
  it('is started again later and later while it dies soon', () => {
    const { started, start, die } = place();
    const kept = keepThread({ start, restartMillis: 1_000, maxRestartMillis: 3_000 });
    for (const pause of [1_000, 2_000, 3_000, 3_000]) {
      die();
      expect(kept.current).toBeUndefined();
      vi.advanceTimersByTime(pause - 1);
      const before = started.length;
      vi.advanceTimersByTime(1);
      expect(started.length).toBe(before + 1);
    }
    expect(kept.deaths).toBe(4);
  });

  it('is given up after so many deaths in a row, of which one after a long life is none', () => {
    const { started, start, die } = place();
    let givenUp = 0;
    const onGivenUp = () => {
      givenUp += 1;
    };
    keepThread({ start, restartMillis: 1, mostDeaths: 2, onGivenUp });
    for (let day = 0; day < 5; day += 1) {
      vi.advanceTimersByTime(86_400_000);
      die();
      vi.advanceTimersByTime(1);
    }
    expect([started.length, givenUp]).toEqual([6, 0]);
    die();
    vi.advanceTimersByTime(86_400_000);
    expect([started.length, givenUp]).toEqual([6, 1]);
  });

  it('that could not be started has died too', () => {
    const reasons: unknown[] = [];
    const refused = new Error('no room');
    const start = () => {
      throw refused;
    };
    const kept = keepThread({ start, restartMillis: 1, mostDeaths: 2, onDeath: (error) => reasons.push(error) });
    vi.advanceTimersByTime(10);
    expect(reasons).toEqual([refused, refused]);
    expect(kept).toMatchObject({ current: undefined, deaths: 2 });
  });
});
