/** Of so many bytes at a time: an id is a slice of their digits, and keeps as many in memory while somebody remembers it. */
const bytesAtOnce = 384;

/**
 * Random hexadecimal digits for ids of traces and spans, at a fraction of the cost of making each by itself. They tell spans apart and keep
 * no secret, so `Math.random` makes them, as it does in the SDK.
 */
export class RandomDigits {
  readonly #words = new Uint32Array(bytesAtOnce / Uint32Array.BYTES_PER_ELEMENT);
  readonly #bytes = Buffer.from(this.#words.buffer);
  readonly #random: () => number;
  #digits = '';
  #used = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
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
    for (let index = 0; index < this.#words.length; index += 1) this.#words[index] = this.#random() * 2 ** 32;
    this.#digits = this.#bytes.toString('hex');
    this.#used = 0;
  }
}
