/** Time as the journal needs it: to age segments, to pace retries and to follow files. Injected, so that no test waits. */
export interface JournalClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `millis`, or as soon as `signal` is aborted. Never rejects and never keeps the process alive. */
  sleep(millis: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemJournalClock: JournalClock = {
  now: Date.now,
  sleep(millis, signal) {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, millis);
      timer.unref();
      signal?.addEventListener('abort', finish);
    });
  },
};
