import { randomFillSync } from 'node:crypto';

/** Of so many bytes at a time: an id is a slice of their digits, and keeps as many in memory while somebody remembers it. */
const bytesAtOnce = 384;

/** Random hexadecimal digits for ids of traces and spans, a tenth of the cost of making each by itself. */
export class RandomDigits {
  readonly #bytes = Buffer.alloc(bytesAtOnce);
  readonly #fill: (bytes: Buffer) => Buffer;
  #digits = '';
  #used = 0;

  constructor(fill: (bytes: Buffer) => Buffer = randomFillSync) {
    this.#fill = fill;
  }

  /** So many digits, at most 768, which are not all zero: such an id would be none. */
  take(length: number): string {
    for (;;) {
      if (this.#used + length > this.#digits.length) this.#refill();
      const id = this.#digits.slice(this.#used, this.#used + length);
      this.#used += length;
      if (!id.startsWith('0') || !/^0+$/.test(id)) return id;
    }
  }

  #refill(): void {
    this.#digits = this.#fill(this.#bytes).toString('hex');
    this.#used = 0;
  }
}
