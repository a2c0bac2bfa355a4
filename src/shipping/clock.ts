/** Time as shipping needs it. Injected, so that no test waits. */
export interface ShippingClock {
  /** Microseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `millis`, or as soon as `signal` is aborted. Never rejects. */
  sleep(millis: number, signal?: AbortSignal): Promise<void>;
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
