import { scan } from './character-scan.ts';
import { detachedText } from './detached-text.ts';
import { storableText, type TextRules } from './storable-text.ts';

const mostRemembered = 2048;
const longestRemembered = 128;

/** Remembers what became of names and ids, a bounded number of them, because the same few come with every record. */
export class StorableNames {
  readonly #known = new Map<string, string>();
  readonly #rules: TextRules;

  readonly #maxLength: number;

  constructor(rules: TextRules, maxLength: number) {
    this.#rules = rules;
    this.#maxLength = maxLength;
  }

  get(name: string): string {
    return this.#known.get(name) ?? this.#learn(name);
  }

  #learn(name: string): string {
    const text = storableText(name, scan(name), this.#maxLength, this.#rules);
    if (name.length > longestRemembered || text !== name) return text;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    const kept = detachedText(name);
    this.#known.set(kept, kept);
    return text;
  }
}
