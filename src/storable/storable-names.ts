import { scan } from './character-scan.ts';
import { storableText, type TextRules } from './storable-text.ts';

const mostRemembered = 2048;
const longestName = 512;
const longestRemembered = 128;

/** Remembers what became of names, a bounded number of them, because the same few come with every record. */
export class StorableNames {
  readonly #known = new Map<string, string>();
  readonly #rules: TextRules;

  constructor(rules: TextRules) {
    this.#rules = rules;
  }

  get(name: string): string {
    return this.#known.get(name) ?? this.#learn(name);
  }

  #learn(name: string): string {
    const text = storableText(name, scan(name), longestName, this.#rules);
    if (name.length > longestRemembered || text !== name) return text;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(name, text);
    return text;
  }
}
