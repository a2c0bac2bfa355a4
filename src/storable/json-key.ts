import { scan } from './character-scan.ts';
import { detachedText } from './detached-text.ts';
import type { KeyClass } from './secret-keys.ts';
import { storableText, type TextRules } from './storable-text.ts';

/** All that is known of an object key: found once, then remembered. */
export interface JsonKey {
  readonly class: KeyClass;
  /** The key as it is written, with the colon behind it. */
  readonly prefix: string;
}

const mostRemembered = 4096;
const longestRemembered = 128;
const longestKey = 1024;

/** Remembers keys, a bounded number of them, because the same few names come with every record. */
export class JsonKeys {
  readonly #known = new Map<string, JsonKey>();
  readonly #rules: TextRules;

  constructor(rules: TextRules) {
    this.#rules = rules;
  }

  get(key: string): JsonKey {
    return this.#known.get(key) ?? this.#learn(key);
  }

  #learn(key: string): JsonKey {
    const text = storableText(key, scan(key), longestKey, this.#rules);
    const learnt: JsonKey = {
      class: this.#rules.redact ? this.#rules.classify(key) : 'clean',
      prefix: `${JSON.stringify(text)}:`,
    };
    if (key.length <= longestRemembered && text === key) {
      if (this.#known.size >= mostRemembered) this.#known.clear();
      this.#known.set(detachedText(key), learnt);
    }
    return learnt;
  }
}
