import type { ItemState } from '../domain/item-states.ts';
import { createItemCounter, type ItemCounter, type ItemCounts } from '../domain/statistics.ts';

/**
 * Counts of a session in constant time per move. Items that are expected and not begun count as pending, so that the
 * total is that of the whole session from the start.
 */
export class SessionTally {
  readonly #counter: ItemCounter = createItemCounter();
  #known = 0;
  #declared: number | undefined;
  #expected = 0;
  #isSized = false;

  /** `declared` is the total that the program told beforehand. */
  constructor(declared?: number) {
    this.#declared = declared;
  }

  /** Whether the total is known before the last item has begun. */
  get isTotalKnown(): boolean {
    return this.#declared !== undefined || this.#isSized;
  }

  /** An item became known. */
  add(state: ItemState): void {
    this.#known += 1;
    this.#counter.add(state);
  }

  move(from: ItemState, to: ItemState): void {
    this.#counter.move(from, to);
  }

  /** This many more items will come. */
  expect(count: number): void {
    this.#expected += count;
    this.#isSized = true;
  }

  /** An item came that nobody had told of, so more may come. */
  surprise(): void {
    this.#isSized = false;
  }

  /** One of the expected items came, or will not come. */
  met(count = 1): void {
    this.#expected = Math.max(0, this.#expected - count);
  }

  /** No item will come any more: the total is what is known, and what was expected in vain is gone. */
  close(): void {
    this.#declared = undefined;
    this.#expected = 0;
  }

  /** Items of the whole session, as far as it is known. */
  get total(): number {
    return Math.max(this.#known + this.#expected, this.#declared ?? 0);
  }

  counts(): ItemCounts {
    const counts = this.#counter.counts();
    const total = this.total;
    return { ...counts, total, pending: counts.pending + total - this.#known };
  }
}
