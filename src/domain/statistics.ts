import { type ItemGroup, type ItemState, itemStates } from './item-states.ts';

/** How many items are in each group. `pending + processing + imported + skipped + failed` is always `total`. */
export interface ItemCounts {
  readonly total: number;
  /** Not started. */
  readonly pending: number;
  /** In work: analyzing to updating. */
  readonly processing: number;
  /** Success: imported, source_restored, path_updated, warning. */
  readonly imported: number;
  readonly skipped: number;
  /** Failure: failed and missing. */
  readonly failed: number;
  /** The part of `failed` whose source was missing. */
  readonly missing: number;
}

/** Counts items from their states. */
export function countItems(states: Iterable<ItemState>): ItemCounts {
  const counter = createItemCounter();
  for (const state of states) counter.add(state);
  return counter.counts();
}

/** The counts of a session without items. */
export const noItems: ItemCounts = {
  total: 0,
  pending: 0,
  processing: 0,
  imported: 0,
  skipped: 0,
  failed: 0,
  missing: 0,
};

/** Keeps counts up to date in constant time per transition. */
export interface ItemCounter {
  /** An item became known in `state`. */
  add(state: ItemState): void;
  /** A known item moved. */
  move(from: ItemState, to: ItemState): void;
  /** A snapshot of the counts. */
  counts(): ItemCounts;
}

/** Makes a counter, of no items unless `initial` is given. */
export function createItemCounter(initial: ItemCounts = noItems): ItemCounter {
  const now = { ...initial };
  const shift = (state: ItemState, by: 1 | -1): void => {
    const group: ItemGroup = itemStates[state].countsAs;
    now[group] += by;
    if (state === 'missing') now.missing += by;
  };
  return {
    add(state) {
      now.total += 1;
      shift(state, 1);
    },
    move(from, to) {
      shift(from, -1);
      shift(to, 1);
    },
    counts: () => ({ ...now }),
  };
}

/** Whether every item is finished, well or not. True where there are none. */
export function allFinished(counts: ItemCounts): boolean {
  return counts.pending === 0 && counts.processing === 0;
}

/** Items finished in any way. */
export function finishedCount(counts: ItemCounts): number {
  return counts.imported + counts.skipped + counts.failed;
}

/** `imported / (imported + failed)`; `undefined` where neither exists. Duplicates count neither way. */
export function successRate(counts: ItemCounts): number | undefined {
  const judged = counts.imported + counts.failed;
  return judged === 0 ? undefined : counts.imported / judged;
}
