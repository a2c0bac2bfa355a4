/** Keeps the newest `limit` of what it is shown, by time. Memory stays within twice the limit. */
export interface Newest<T> {
  add(value: T): void;
  /** Oldest first; equal times in the order of arrival. */
  toArray(): readonly T[];
}

/** Collects the newest values by `timeOf`. */
export function createNewest<T>(limit: number, timeOf: (value: T) => number): Newest<T> {
  let kept: { readonly value: T; readonly time: number; readonly order: number }[] = [];
  let arrived = 0;
  const prune = (): void => {
    kept = kept.toSorted((a, b) => a.time - b.time || a.order - b.order).slice(-limit);
  };
  return {
    add(value) {
      kept.push({ value, time: timeOf(value), order: arrived });
      arrived += 1;
      if (kept.length >= 2 * limit + 1000) prune();
    },
    toArray() {
      prune();
      return kept.map(({ value }) => value);
    },
  };
}
