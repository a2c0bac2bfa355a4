// @ts-check

/** Lets one task at a time work on a content: of two equal files in work at once, the second waits and is then a duplicate. */
export class Claims {
  /** @type {Map<string, Promise<unknown>>} */
  #held = new Map();

  /**
   * @template T
   * @param {string} key
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async hold(key, work) {
    const before = this.#held.get(key);
    const mine = (before ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    this.#held.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#held.get(key) === settled) this.#held.delete(key);
    }
  }
}
