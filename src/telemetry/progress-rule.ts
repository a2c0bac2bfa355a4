/** Where a session stands when an item has ended. */
export interface ProgressMark {
  readonly done: number;
  readonly total: number;
  /** The total was known beforehand, so reaching it means the end. */
  readonly isTotalKnown: boolean;
}

/** Says when a progress event is due: after the first item of the run, after every so many, and after the last. */
export class ProgressRule {
  readonly #every: number;
  #ended = 0;
  #told = 0;

  constructor(every: number) {
    this.#every = Math.max(1, Math.floor(every));
  }

  /** One more item has ended. */
  afterItem({ done, total, isTotalKnown }: ProgressMark): boolean {
    this.#ended += 1;
    const isLast = isTotalKnown && done >= total;
    if (this.#ended !== 1 && this.#ended % this.#every !== 0 && !isLast) return false;
    this.#told = this.#ended;
    return true;
  }

  /** No item will end any more. */
  atEnd(): boolean {
    const isDue = this.#told !== this.#ended;
    this.#told = this.#ended;
    return isDue;
  }
}
