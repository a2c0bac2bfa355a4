import type { KeyClass } from './secret-keys.ts';
import { type Redaction, redacted, type TellRule } from './secret-values.ts';

/** Signs are also found where they are encoded once, twice or three times. */
const anySeparator = /[=:]|%(?:25){0,3}3[Dd]/g;
const equalSign = /=|%(?:25){0,3}3[Dd]/g;
const longestKey = 64;
const longestGap = 8;

/** How pairs are judged. */
export interface PairRules {
  /** True leaves `key: value` and card numbers alone, as ids such as `token:17` look like them. */
  readonly isId: boolean;
  /** A quick test; `classify` decides. */
  readonly mayNameSecret: (text: string) => boolean;
  readonly classify: (key: string) => KeyClass;
  readonly tell?: TellRule | undefined;
}

/**
 * Redacts the values of `key=value`, `key: value`, `"key":"value"`, `\"key\":\"value\"` and `key%3Dvalue` where the key
 * names a secret: query strings, forms, headers, connection strings, JSON and inspected objects inside text.
 */
export function redactSecretPairs(text: string, rules: PairRules): Redaction {
  let result = '';
  let position = 0;
  let count = 0;
  const separator = rules.isId ? equalSign : anySeparator;
  separator.lastIndex = 0;
  while (separator.test(text)) {
    const after = separator.lastIndex;
    const isPlain = text[after - 1] === '=' || text[after - 1] === ':';
    const before = isPlain ? after - 1 : text.lastIndexOf('%', after - 1);
    const key = keyBefore(text, before, rules);
    if (key === undefined || key.class === 'clean') continue;
    const value = valueAfter(text, after, key);
    if (value === undefined || isHarmless(text.slice(value.start, value.end), key.class)) continue;
    result += text.slice(position, value.start) + redacted;
    position = value.end;
    separator.lastIndex = value.end;
    count += 1;
    rules.tell?.(`key ${key.name}`);
  }
  return { text: count === 0 ? text : result + text.slice(position), count };
}

interface FoundKey {
  readonly name: string;
  readonly class: KeyClass;
  /** The value of such a header runs to the end of its line. */
  readonly wholeLine: boolean;
}

const isKeyCode = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  (code >= 48 && code <= 57) ||
  code === 95 ||
  code === 45 ||
  code === 46 ||
  code === 36;

/** Reads the key that ends before `end`, one word or two, walking back at most a fixed number of characters. */
function keyBefore(text: string, end: number, rules: PairRules): FoundKey | undefined {
  const last = keyEnd(text, end);
  const first = keyStart(text, last);
  if (last - first < 2) return undefined;
  const before = text.charCodeAt(first - 1) === 32 ? keyStart(text, first - 1) : first;
  if (!rules.mayNameSecret(text.slice(before, last))) return undefined;
  const key = text.slice(first, last);
  if (fileName.test(key)) return undefined;
  const own = rules.classify(key);
  if (own !== 'clean') return { name: key, class: own, wholeLine: wholeLineHeader.test(key) };
  if (before >= first - 1) return undefined;
  const name = text.slice(before, last);
  return { name, class: rules.classify(name), wholeLine: false };
}

const encodedBracket = /%(?:25){0,3}5[Dd]$/;

/** Where the key ends: before spaces, quotes, the bracket of `data[password]=`, also encoded, and that of `Key (token)=(`. */
function keyEnd(text: string, end: number): number {
  const lowest = Math.max(0, end - longestGap);
  let last = end;
  if (text[last - 1] === ')' && text[last + 1] === '(') return last - 1;
  while (last > lowest && isFiller(text.charCodeAt(last - 1))) last -= 1;
  const code = text.charCodeAt(last - 1) | 32;
  return code === 100 ? last - (encodedBracket.exec(text.slice(lowest, last))?.[0].length ?? 0) : last;
}

/** What stands before the line number in stacks and messages of compilers. */
const fileName =
  /\.(?:[cm]?[jt]sx?|json5?|ya?ml|toml|py|rb|go|rs|java|kt|php|cs|cpp|cc?|hp?p?|swift|sh|sql|md|txt|html?|s?css|vue|svelte|log|conf|ini|pem|crt)$/i;

const wholeLineHeader = /(?:authorization|cookie)$/i;

/** Space, tab, quotes, backslash and the bracket of `data[password]=`. */
function isFiller(code: number): boolean {
  return code === 32 || code === 34 || code === 39 || code === 92 || code === 93 || code === 9 || code === 96;
}

function keyStart(text: string, end: number): number {
  const lowest = Math.max(0, end - longestKey);
  let start = end;
  while (start > lowest && isKeyCode(text.charCodeAt(start - 1))) start -= 1;
  return start;
}

interface Value {
  readonly start: number;
  readonly end: number;
}

/** Also where spaces are written as `+`. */
const gap = /(?:>?[\s+]{0,8})/y;
const escapedQuote = /\\{1,16}["']/y;
const bareEnd = /[\s&;,"'<>]/g;
const lineEnd = /[\r\n]/g;
const lineOrBracket = /[\r\n)]/g;

function valueAfter(text: string, after: number, key: FoundKey): Value | undefined {
  gap.lastIndex = after;
  gap.test(text);
  const start = gap.lastIndex;
  const first = text[start];
  if (first === undefined || text.startsWith(redacted, start)) return undefined;
  if (first === '"' || first === "'" || first === '`') return { start: start + 1, end: closingQuote(text, start) };
  escapedQuote.lastIndex = start;
  if (escapedQuote.test(text)) return escapedValue(text, start, escapedQuote.lastIndex);
  if (first === '{' || first === '[') return { start, end: closingBracket(text, start) };
  if (first === '(' && text[after - 2] === ')') return { start: start + 1, end: nextIndex(lineOrBracket, text, start) };
  if (key.wholeLine && text[after - 1] === ':') return { start, end: nextIndex(lineEnd, text, start) };
  return bareValue(text, start);
}

function nextIndex(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex - 1 : text.length;
}

/** A word without quotes; brackets and a full stop behind it belong to the sentence. An auth scheme takes its word along. */
function bareValue(text: string, start: number): Value {
  let end = nextIndex(bareEnd, text, start);
  if (/^(?:bearer|basic|digest|token)$/i.test(text.slice(start, Math.min(end, start + 8))) && text[end] === ' ') {
    end = nextIndex(bareEnd, text, end + 1);
  }
  while (end > start && ')]}.'.includes(text[end - 1] as string)) end -= 1;
  return { start, end };
}

/** Position of the quote that closes the one at `start`, or the end of the text. */
function closingQuote(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 92 || (code === quote && text.charCodeAt(index + 1) === quote)) index += 1;
    else if (code === quote) return index;
  }
  return text.length;
}

/** A value between quotes that are themselves escaped, as in JSON inside JSON. */
function escapedValue(text: string, start: number, valueStart: number): Value {
  const opener = text.slice(start, valueStart);
  let end = text.indexOf(opener, valueStart);
  while (end > valueStart && text[end - 1] === '\\') end = text.indexOf(opener, end + opener.length);
  return { start: valueStart, end: end === -1 ? text.length : end };
}

/** Position behind the bracket that closes the one at `start`, strings skipped; or the end of the text. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character === '"') index = closingQuote(text, index);
    if (depth === 0) return index + 1;
  }
  return text.length;
}

const harmless = /^(?:true|false|null|undefined|none|nil|yes|no|\[redacted\]|\*+)?$/i;
const numeric = /^[\d.,]*$/;
/** What stands for a value in a statement: `?`, `$1`, `%s`, `:name`, with a cast or without. A name with digits may be a secret after all. */
const placeholder = /^(?:\?|\$\d{1,5}|%s|:[a-z_]{1,30})(?:::[a-z_]{1,30}(?:\[\])?)?$/i;

function isHarmless(value: string, keyClass: KeyClass): boolean {
  if (value.length > 32) return false;
  return harmless.test(value) || placeholder.test(value) || (keyClass === 'countable' && numeric.test(value));
}
