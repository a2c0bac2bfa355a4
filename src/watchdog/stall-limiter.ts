const windowMillis = 60_000;

/** Lets so many of something through in each minute. */
export class StallLimiter {
  readonly #most: number;
  readonly #taken: number[] = [];

  constructor(mostPerMinute: number) {
    this.#most = mostPerMinute;
  }

  take(now: number): boolean {
    while ((this.#taken[0] ?? now) <= now - windowMillis) this.#taken.shift();
    if (this.#taken.length >= this.#most) return false;
    this.#taken.push(now);
    return true;
  }
}
