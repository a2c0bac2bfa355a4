import type { StopSignal } from './stop-signal.ts';

/** Pulls values one at a time from an iterable of either kind, and gives up waiting when told to stop. */
export class EachSource<T> {
  /** The values themselves, where all of them are in memory already. */
  readonly list: readonly T[] | undefined;
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  #isDone = false;
  #unread = 0;

  constructor(values: Iterable<T> | AsyncIterable<T>) {
    this.list = toList(values);
    this.#iterator =
      Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : (this.list ?? values)[Symbol.iterator]();
  }

  /** Values that were pulled and not used. */
  get unreadCount(): number {
    return this.#unread;
  }

  /** The next value; `undefined` where the stop came first. */
  async next(stop: StopSignal): Promise<IteratorResult<T> | undefined> {
    const pulled = this.#iterator.next();
    const result = 'then' in pulled ? await stop.orStopped(pulled) : pulled;
    if (result?.done === true) this.#isDone = true;
    return result;
  }

  /** The value pulled last was not used. */
  unread(): void {
    this.#unread += 1;
  }

  /** Lets the iterator release what it holds. Nobody waits for it: it may hang in the very read that was given up. */
  close(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    try {
      const closing = this.#iterator.return?.();
      if (closing !== undefined && 'then' in closing) closing.then(undefined, () => undefined);
    } catch {
      // The walk ends for another reason, which is told.
    }
  }
}

function toList<T>(values: Iterable<T> | AsyncIterable<T>): readonly T[] | undefined {
  if (Array.isArray(values)) return values as readonly T[];
  return values instanceof Set || values instanceof Map ? ([...values] as readonly T[]) : undefined;
}
