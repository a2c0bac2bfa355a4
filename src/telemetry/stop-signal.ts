/** Several abort signals as one, with a single listener on each, however often it is waited for. */
export class StopSignal {
  readonly #signals: readonly AbortSignal[];
  readonly #stopped = () => this.#tell();
  #waiting: (() => void) | undefined;

  constructor(signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals.filter((signal) => signal !== undefined);
    for (const signal of this.#signals) signal.addEventListener('abort', this.#stopped, { once: true });
  }

  get isStopped(): boolean {
    return this.#signals.some((signal) => signal.aborted);
  }

  /** Reason of the signal that stopped first; `undefined` while none has. */
  get reason(): unknown {
    return this.#signals.find((signal) => signal.aborted)?.reason;
  }

  /** Calls `listener` when a signal aborts. There is one listener at a time. */
  onStop(listener: () => void): void {
    this.#waiting = listener;
  }

  /**
   * The value of the promise, or `undefined` as soon as a signal aborts. `Promise.race` with one long-lived promise would
   * keep every loser for as long as that one is pending: a leak over a million values.
   */
  orStopped<T>(promise: PromiseLike<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (this.isStopped) {
        promise.then(undefined, () => undefined);
        resolve(undefined);
        return;
      }
      this.onStop(() => resolve(undefined));
      promise.then(resolve, reject);
    });
  }

  close(): void {
    this.#waiting = undefined;
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#stopped);
  }

  #tell(): void {
    const listener = this.#waiting;
    this.#waiting = undefined;
    listener?.();
  }
}
