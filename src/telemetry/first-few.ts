/** Keeps the first entries of a list that may be long, and how many there were. */
export class FirstFew<T> {
  readonly #max: number;
  readonly #entries: T[] = [];
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  get entries(): readonly T[] {
    return this.#entries;
  }

  add(entry: T): void {
    this.#count += 1;
    if (this.#entries.length < this.#max) this.#entries.push(entry);
  }

  /** Adds `count` entries, of which no more are read than are kept. */
  addAll(entries: Iterable<T>, count: number): void {
    this.#count += count;
    if (this.#entries.length >= this.#max) return;
    for (const entry of entries) {
      this.#entries.push(entry);
      if (this.#entries.length >= this.#max) return;
    }
  }
}
