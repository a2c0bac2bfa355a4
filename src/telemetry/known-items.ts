import { type ItemState, isFinishedItemState } from '../domain/item-states.ts';
import type { ItemPast } from './history.ts';

/**
 * The last 8,192 to 16,384 finished items of this run are remembered by id, so that an item offered twice is recognised.
 * Further back nothing is kept: a session may have millions of items. Two generations cost less than one map whose oldest
 * entry is deleted each time, since a map skips its deleted entries one by one.
 */
const mostPerGeneration = 8_192;

/** What is known of items that are not in work: from earlier runs, and from this one as far as memory reaches. */
export class KnownItems {
  readonly #past: ReadonlyMap<string, ItemPast>;
  #recent = new Map<string, ItemPast>();
  #older = new Map<string, ItemPast>();
  /** Items that are neither finished nor in work here. */
  readonly #unfinished = new Map<string, ItemPast>();

  constructor(past: ReadonlyMap<string, ItemPast>) {
    this.#past = past;
    for (const [id, item] of past) if (!isFinishedItemState(item.state)) this.#unfinished.set(id, item);
  }

  get(id: string): ItemPast | undefined {
    return this.#recent.get(id) ?? this.#older.get(id) ?? this.#past.get(id);
  }

  /** Whether an earlier run knew the item. */
  isOld(id: string): boolean {
    return this.#past.has(id);
  }

  get hasOld(): boolean {
    return this.#past.size > 0;
  }

  /** States that earlier runs left, one per item. */
  *states(): Iterable<ItemState> {
    for (const { state } of this.#past.values()) yield state;
  }

  /** The item is in work now. */
  taken(id: string): void {
    this.#unfinished.delete(id);
  }

  /** The item is not in work any more. */
  left(id: string, item: ItemPast): void {
    if (this.#recent.size >= mostPerGeneration) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(id, item);
    if (!isFinishedItemState(item.state)) this.#unfinished.set(id, item);
  }

  /** Items that are neither finished nor in work: left by an earlier run, or let go without an outcome. */
  takeUnfinished(): readonly (readonly [id: string, item: ItemPast])[] {
    const all = [...this.#unfinished];
    this.#unfinished.clear();
    return all;
  }
}
