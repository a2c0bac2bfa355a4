import { Alterations } from './alterations.ts';
import { found, scan } from './character-scan.ts';
import { detachedText } from './detached-text.ts';
import { isPathTo, type PathNode, pathTree } from './field-paths.ts';
import { JsonKeys } from './json-key.ts';
import { type JsonLimits, JsonWriter, TooLarge } from './json-writer.ts';
import { KnownTexts } from './known-texts.ts';
import { classifyKey, type KeyClass, keyPattern, secretKeyHint } from './secret-keys.ts';
import type { TellRule } from './secret-values.ts';
import { StorableNames } from './storable-names.ts';
import { storableText, type TextRules } from './storable-text.ts';
import type { TextPattern } from './text-pattern.ts';
import { summaryOf } from './value-summary.ts';

export type { KeyClass };

/**
 * Makes values fit to be written: redacted, and storable in Postgres. Applied before anything reaches disk or wire.
 */
export interface Sanitizer {
  /** Redacts secrets inside text, replaces NUL and lone surrogates, cuts to `maxLength` characters (on a code point). */
  text(value: string, maxLength?: number): string;
  /** As `text`, for names of a small vocabulary, such as states and categories: each is examined once and remembered. */
  name(value: string): string;
  /**
   * As `text`, for ids of at most 1,024 characters: what merely looks like `key: value` or a card number is kept, because two ids must not become one.
   * Keys, tokens and credentials inside them, as in `https://user:password@host/?token=…`, are redacted all the same.
   */
  id(value: string): string;
  /**
   * JSON text of any value: secrets redacted by key and by pattern, bigint, Date, Map, Set, Error, cycles, getters that throw
   * and proxies made plain, non-finite numbers as strings, within the size and depth limits. Never throws.
   */
  json(value: unknown): string;
  /**
   * JSON text that came from elsewhere, such as an attribute: returned as it is if this sanitizer wrote it lately, otherwise
   * parsed and written again; text that is not JSON becomes a JSON string. Never throws.
   */
  jsonText(text: string): string;
  /** Whether a key, attribute or header of this name holds a secret. */
  classify(key: string): KeyClass;
  /** Values changed so far, by reason. */
  alterations(): Readonly<Record<string, number>>;
}

/** Limits and rules of a sanitizer. */
export interface SanitizerOptions {
  /** False stores secrets as they are; default true. */
  readonly redact?: boolean;
  /** Keys that name secrets, beyond the built-in ones; matched anywhere in a key, whatever its case and separators. */
  readonly redactKeys?: readonly string[];
  /** Patterns of secrets inside text, beyond the built-in ones; see {@link TextPattern}. Ids are not searched by them. */
  readonly redactPatterns?: readonly TextPattern[];
  /**
   * Paths to members that are hidden, from the value that is written: `user.email`, `users[*].email`, `headers["set-cookie"]`. An attribute whose
   * name with its dots is such a path is hidden too.
   */
  readonly redactPaths?: readonly string[];
  /** Hears by which rule something is redacted. */
  readonly tell?: TellRule;
  /** Longest text, in UTF-16 units; default 1,000,000. */
  readonly maxTextLength?: number;
  /** Longest JSON text, in bytes; default 900,000. */
  readonly maxJsonBytes?: number;
  /** Deepest nesting that is written; default 32. Postgres itself fails between 7,000 and 20,000. */
  readonly maxDepth?: number;
}

const mostMembersWhenReduced = 10;
const longestStringWhenReduced = 4096;
const mostKnownKeys = 4096;
const longestName = 512;
const longestId = 1024;

/** Makes a sanitizer. It keeps counts and a bounded memory of keys; one per process is enough. */
export function createSanitizer(options: SanitizerOptions = {}): Sanitizer {
  return new StorableSanitizer(options);
}

const slotKey = Symbol.for('spanledger.sanitizer.v1');
const slot = globalThis as { [slotKey]?: Sanitizer | undefined };

/** The sanitizer of this process, shared by all copies of the package; with redaction on unless it was replaced. */
export function sanitizer(): Sanitizer {
  slot[slotKey] ??= createSanitizer();
  return slot[slotKey];
}

/** Replaces the sanitizer of this process; `undefined` restores the default. */
export function setSanitizer(replacement: Sanitizer | undefined): void {
  slot[slotKey] = replacement;
}

class StorableSanitizer implements Sanitizer {
  readonly #alterations = new Alterations();
  readonly #rules: TextRules;
  readonly #classifyAttribute: (key: string) => KeyClass;
  readonly #maxTextLength: number;
  readonly #maxJsonBytes: number;
  readonly #keys: JsonKeys;
  readonly #names: StorableNames;
  readonly #ids: StorableNames;
  readonly #full: JsonLimits;
  readonly #reduced: JsonLimits;
  readonly #written = new KnownTexts();
  #writer: JsonWriter | undefined;

  constructor(options: SanitizerOptions) {
    const {
      redact = true,
      redactKeys = [],
      redactPatterns = [],
      redactPaths = [],
      tell,
      maxTextLength = 1_000_000,
      maxJsonBytes = 900_000,
      maxDepth = 32,
    } = options;
    const more = keyPattern(redactKeys);
    const paths = redact ? pathTree(redactPaths) : undefined;
    this.#rules = {
      alterations: this.#alterations,
      redact,
      isId: false,
      mayNameSecret: more === undefined ? (text) => secretKeyHint.test(text) : () => true,
      classify: rememberingClassifier(more),
      patterns: redactPatterns,
      ownBits: redact && redactPatterns.length > 0 ? found.own : 0,
      paths,
      tell,
    };
    this.#classifyAttribute = rememberingClassifier(more, paths);
    this.#keys = new JsonKeys(this.#rules);
    this.#names = new StorableNames(this.#rules, longestName);
    this.#ids = new StorableNames({ ...this.#rules, isId: true }, longestId);
    this.#maxTextLength = maxTextLength;
    this.#maxJsonBytes = maxJsonBytes;
    const maxLength = maxJsonBytes;
    this.#full = { maxDepth, maxLength, maxStringLength: maxTextLength, maxMembers: Number.POSITIVE_INFINITY };
    this.#reduced = {
      maxDepth,
      maxLength,
      maxStringLength: longestStringWhenReduced,
      maxMembers: mostMembersWhenReduced,
    };
    this.#writer = new JsonWriter(this.#rules, this.#keys, this.#full);
  }

  text(value: string, maxLength: number = this.#maxTextLength): string {
    return storableText(value, scan(value), Math.min(maxLength, this.#maxTextLength), this.#rules);
  }

  name(value: string): string {
    return this.#names.get(value);
  }

  id(value: string): string {
    return this.#ids.get(value);
  }

  json(value: unknown): string {
    const text = this.#write(value, this.#full) ?? this.#write(value, this.#reduced) ?? this.#summary(value);
    this.#written.add(text);
    return text;
  }

  jsonText(text: string): string {
    if (this.#written.has(text)) return text;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.#alterations.add('not-json');
      value = text;
    }
    return this.json(value);
  }

  classify(key: string): KeyClass {
    return this.#rules.redact ? this.#classifyAttribute(key) : 'clean';
  }

  alterations(): Readonly<Record<string, number>> {
    return this.#alterations.snapshot();
  }

  /** The text, or `undefined` where it would be too large. */
  #write(value: unknown, limits: JsonLimits): string | undefined {
    const writer = this.#takeWriter(limits);
    try {
      const text = writer.write(value) ?? 'null';
      return this.#fits(text) ? text : undefined;
    } catch (error) {
      if (error instanceof TooLarge) return undefined;
      this.#alterations.add('unreadable');
      return '"[unreadable]"';
    } finally {
      if (limits === this.#full) this.#writer = writer;
    }
  }

  /** The common writer; a new one while it is busy, as when a getter sanitises something itself. */
  #takeWriter(limits: JsonLimits): JsonWriter {
    const writer = limits === this.#full ? this.#writer : undefined;
    if (writer !== undefined) this.#writer = undefined;
    return writer ?? new JsonWriter(this.#rules, this.#keys, limits);
  }

  #fits(text: string): boolean {
    return text.length * 3 <= this.#maxJsonBytes || Buffer.byteLength(text) <= this.#maxJsonBytes;
  }

  #summary(value: unknown): string {
    this.#alterations.add('reduced');
    const text = this.#write(summaryOf(value), this.#reduced);
    return text ?? '"[too large]"';
  }
}

function rememberingClassifier(more: RegExp | undefined, paths?: PathNode): (key: string) => KeyClass {
  const known = new Map<string, KeyClass>();
  return (key) => {
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const learnt = paths !== undefined && isPathTo(paths, key) ? 'secret' : classifyKey(key, more);
    if (known.size >= mostKnownKeys) known.clear();
    known.set(detachedText(key), learnt);
    return learnt;
  };
}
