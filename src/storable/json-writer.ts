import type { Alterations } from './alterations.ts';
import { found, scan } from './character-scan.ts';
import { type PathNode, placesBelow } from './field-paths.ts';
import type { JsonKeys } from './json-key.ts';
import { type PlainForm, plainForm } from './plain-form.ts';
import { hides, type KeyClass } from './secret-keys.ts';
import { keyInList } from './secret-lists.ts';
import { isCardNumber, redacted } from './secret-values.ts';
import { storableText, type TextRules } from './storable-text.ts';

/** How much of a value is written. */
export interface JsonLimits {
  /** Deeper objects and lists are named, not written. */
  readonly maxDepth: number;
  /** Writing stops soon behind this many UTF-16 units. */
  readonly maxLength: number;
  readonly maxStringLength: number;
  /** Lists and objects with more members keep the first and the last five; `Infinity` keeps all. */
  readonly maxMembers: number;
}

/** Thrown when the text grows beyond `maxLength`; only `createSanitizer` sees it. */
export class TooLarge extends Error {}

const keptAtEachEnd = 5;
/** Longest text that is taken for the name of a header. */
const longestName = 128;
type Bag = Readonly<Record<string, unknown>>;

const nowhere: readonly PathNode[] = [];

const redactedJson = JSON.stringify(redacted);

/**
 * Writes JSON of any value in one pass, reading every property once, so that a getter or proxy cannot show one value
 * to the check and another to the text.
 */
export class JsonWriter {
  readonly #rules: TextRules;
  readonly #keys: JsonKeys;
  readonly #limits: JsonLimits;
  readonly #alterations: Alterations;
  readonly #ancestors: object[] = [];
  readonly #roots: readonly PathNode[];
  /** Where the value that is being written stands in the paths of the host. */
  #places: readonly PathNode[] = nowhere;
  #length = 0;

  constructor(rules: TextRules, keys: JsonKeys, limits: JsonLimits) {
    this.#rules = rules;
    this.#keys = keys;
    this.#limits = limits;
    this.#alterations = rules.alterations;
    this.#roots = rules.paths === undefined ? nowhere : [rules.paths];
  }

  /** JSON of a value; `undefined` where JSON leaves a property out. */
  write(value: unknown): string | undefined {
    this.#ancestors.length = 0;
    this.#places = this.#roots;
    this.#length = 0;
    return this.#value(value);
  }

  #value(value: unknown): string | undefined {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return this.#count(this.#number(value));
      case 'boolean':
        return value ? 'true' : 'false';
      case 'undefined':
        return undefined;
      case 'bigint':
        return this.#count(this.#bigint(value));
      case 'symbol':
        return this.#string(value.toString());
      case 'function':
        return this.#string(`[function ${readName(value)}]`);
      default:
        return value === null ? 'null' : this.#object(value as object);
    }
  }

  #string(value: string): string {
    const bits = scan(value) | this.#rules.ownBits;
    const { maxStringLength } = this.#limits;
    const clean = (bits & ~found.jsonEscape) === 0 && value.length <= maxStringLength;
    const text = clean ? value : storableText(value, bits, maxStringLength, this.#rules);
    return this.#count(bits & found.jsonEscape ? JSON.stringify(text) : `"${text}"`);
  }

  #number(value: number): string {
    if (!Number.isFinite(value)) {
      this.#alterations.add('non-finite');
      return `"${value}"`;
    }
    if (value >= 1e12 && this.#rules.redact && isCardNumber(String(value))) return this.#redacted('card number');
    return value === 0 ? '0' : String(value);
  }

  #bigint(value: bigint): string {
    const digits = value.toString();
    if (this.#rules.redact && isCardNumber(digits)) return this.#redacted('card number');
    return Number.isSafeInteger(Number(value)) ? digits : `"${digits}"`;
  }

  #object(value: object): string {
    if (this.#ancestors.includes(value)) return this.#replaced('cycle', '[circular]');
    if (this.#ancestors.length >= this.#limits.maxDepth) return this.#replaced('depth', '[too deep]');
    this.#ancestors.push(value);
    try {
      return this.#form(plainForm(value));
    } catch (error) {
      if (error instanceof TooLarge) throw error;
      return this.#replaced('unreadable', '[unreadable]');
    } finally {
      this.#ancestors.pop();
    }
  }

  #form(form: PlainForm): string {
    switch (form.type) {
      case 'list':
        return this.#list(form.list);
      case 'record':
        return this.#record(form.record, Object.keys(form.record));
      case 'entries':
        return this.#entries(form.entries);
      case 'value':
        return this.#value(form.value) ?? 'null';
      default:
        return form satisfies never;
    }
  }

  #list(list: ArrayLike<unknown>): string {
    const length = Math.max(0, Number(list.length) || 0);
    const parts: string[] = [];
    const shortened = length > this.#limits.maxMembers;
    let name: string | undefined;
    for (let index = 0; index < length; index += 1) {
      if (shortened && index === keptAtEachEnd) {
        parts.push(this.#omission(length - 2 * keptAtEachEnd));
        index = length - keptAtEachEnd;
      }
      const member = readMember(list as unknown as Bag, String(index));
      parts.push(
        this.#member(String(index), member, name === undefined ? 'clean' : 'secret', name) ?? this.#count('null'),
      );
      name = this.#secretName(keyInList(member, index, length));
    }
    return `[${parts.join(',')}]`;
  }

  #record(record: Bag, keys: readonly string[]): string {
    const shortened = keys.length > this.#limits.maxMembers;
    const name = this.#nameOfValue(record, keys);
    let text = '';
    for (let index = 0; index < keys.length; index += 1) {
      if (shortened && index === keptAtEachEnd) {
        text += `${text === '' ? '' : ','}"…":${this.#omission(keys.length - 2 * keptAtEachEnd)}`;
        index = keys.length - keptAtEachEnd;
      }
      const key = keys[index] as string;
      const known = this.#keys.get(key);
      const isNamed = name !== undefined && (key === 'value' || key === 'args');
      const value = readMember(record, key);
      const written = this.#member(key, value, isNamed ? 'secret' : known.class, isNamed ? name : key);
      if (written === undefined) continue;
      text += text === '' ? known.prefix + written : `,${known.prefix}${written}`;
      this.#count(known.prefix);
    }
    return `{${text}}`;
  }

  #member(key: string, value: unknown, keyClass: KeyClass, name: string | undefined): string | undefined {
    if (value === unreadable) return this.#replaced('unreadable', '[unreadable]');
    if (hides(keyClass, value) && value !== redacted) return this.#redacted(`key ${name}`);
    return this.#places === nowhere ? this.#value(value) : this.#placed(key, value);
  }

  #placed(key: string, value: unknown): string | undefined {
    const around = this.#places;
    const below = placesBelow(around, key);
    if (value !== undefined && value !== null && value !== redacted && below.some(({ isEnd }) => isEnd)) {
      return this.#redacted(`path to ${key}`);
    }
    this.#places = below.length === 0 ? nowhere : below;
    try {
      return this.#value(value);
    } finally {
      this.#places = around;
    }
  }

  #entries(entries: Iterable<readonly [unknown, unknown]>): string {
    const record: Record<string, unknown> = Object.create(null);
    const pairs: (readonly [unknown, unknown])[] = [];
    let named = true;
    for (const [key, value] of entries) {
      if (typeof key === 'string' && !(key in record)) record[key] = value;
      else named = false;
      pairs.push([key, value]);
      if (pairs.length > this.#limits.maxLength) throw new TooLarge();
    }
    return named ? this.#record(record, Object.keys(record)) : this.#list(pairs);
  }

  /** `{ name: 'authorization', value: '…' }`, as header lists have it, and `{ name: 'auth', args: ['…'] }`, as commands of Redis have it. */
  #nameOfValue(record: Bag, keys: readonly string[]): string | undefined {
    if (!keys.includes('value') && !keys.includes('args')) return undefined;
    for (const key of ['name', 'key', 'header', 'field']) {
      const name = keys.includes(key) ? this.#secretName(readMember(record, key)) : undefined;
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** The value, if it is the name of a secret. */
  #secretName(value: unknown): string | undefined {
    if (typeof value !== 'string' || value.length > longestName || !this.#rules.redact) return undefined;
    return this.#rules.mayNameSecret(value) && this.#rules.classify(value) === 'secret' ? value : undefined;
  }

  #omission(count: number): string {
    this.#alterations.add('reduced');
    return `"… ${count} more"`;
  }

  #redacted(rule: string): string {
    this.#alterations.add('redacted');
    this.#rules.tell?.(rule);
    return this.#count(redactedJson);
  }

  #replaced(reason: 'cycle' | 'depth' | 'unreadable', text: string): string {
    this.#alterations.add(reason);
    return this.#count(`"${text}"`);
  }

  #count(written: string): string {
    this.#length += written.length + 1;
    if (this.#length > this.#limits.maxLength) throw new TooLarge();
    return written;
  }
}

/** Stands for the value of a getter that throws. */
const unreadable = Symbol('unreadable');

function readMember(record: Bag, key: string): unknown {
  try {
    return record[key];
  } catch {
    return unreadable;
  }
}

function readName(value: unknown): string {
  try {
    return String((value as { readonly name?: unknown }).name ?? '');
  } catch {
    return '';
  }
}
