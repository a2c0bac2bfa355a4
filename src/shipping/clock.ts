/** Time as shipping needs it. Injected, so that no test waits. */
export interface ShippingClock {
  /** Microseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `millis`, or as soon as `signal` is aborted. Never rejects. */
  sleep(millis: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Microseconds since the epoch that never go back: where the clock of the machine is set back, time goes on from where it was. Signs of
 * life are told by it. By the clock of the machine they would all be older than the last one for as long as it was set back, and the
 * process would count as gone.
 */
export function createSteadyTime(wall: () => number = Date.now, elapsed = () => performance.now()): () => number {
  let last = { millis: wall(), elapsed: elapsed() };
  return () => {
    const at = elapsed();
    last = { millis: Math.max(wall(), last.millis + at - last.elapsed), elapsed: at };
    return Math.floor(last.millis * 1000);
  };
}

/** The clock of the machine. A sleeper keeps its process alive: someone waits for it. */
export const systemShippingClock: ShippingClock = {
  now: () => Date.now() * 1000,
  sleep(millis, signal) {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, millis);
      signal?.addEventListener('abort', finish);
    });
  },
};
