import { type AuditLevel, auditLevelNames, levelSpellings, parseLevel } from '../domain/audit.ts';
import { isProxyName } from '../instrument/client-address.ts';
import { isConnectionString } from '../shipping/connection-string.ts';
import { parseFieldPath } from '../storable/field-paths.ts';
import { parseTextPattern } from './text-patterns.ts';

/** A value that a kind has checked, or why there is none, where more can be said than what was expected. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why?: string };

/** How one kind of setting is written in text and checked as a value. */
export interface SettingKind<T> {
  /** Checks a value from code or file. */
  check(value: unknown): Checked<T>;
  /** Turns the text of an environment variable into what `check` takes. */
  fromText(text: string): unknown;
  /** Ends the sentence "…, which is not". */
  readonly expected: string;
  /** The same as JSON Schema, for editors; it lets nothing through that `check` refuses but for what only a program can tell. */
  readonly schema: JsonSchema;
}

/** A part of a JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const refused = { ok: false } as const;

function accepted<T>(value: T): Checked<T> {
  return { ok: true, value };
}

/** A kind whose values are texts that pass a test. @param pattern what of the test a regular expression can tell */
function textKind<T extends string = string>(
  expected: string,
  pattern: RegExp,
  passes: (value: string) => value is T,
): SettingKind<T> {
  return {
    expected,
    schema: { type: 'string', pattern: pattern.source },
    check: (value) => (typeof value === 'string' && passes(value) ? accepted(value) : refused),
    fromText: (value) => value,
  };
}

/** Text that is not empty. */
export const text = textKind('a text that is not empty', /\S/, (value): value is string => value.trim() !== '');

const identifierPattern = /^[a-z_][a-z0-9_]{0,62}$/;

/** A name that Postgres takes without quotes. */
export const identifier = textKind(
  'a lower-case SQL name of at most 63 letters, digits and underscores',
  identifierPattern,
  (value): value is string => identifierPattern.test(value),
);

const headerPattern = /^[A-Za-z0-9-]{1,100}$/;

/** Name of a header, or `none`. */
export const headerName = textKind(
  'a header name of letters, digits and hyphens, or none',
  headerPattern,
  (value): value is string => headerPattern.test(value),
);

const postgresScheme = /^postgres(ql)?:\/\//;

/** A connection URL of Postgres. */
export const postgresUrl = textKind(
  'a URL such as postgres://user@host:5432/database, with / ? # @ and % in the password as %2F %3F %23 %40 and %25',
  postgresScheme,
  (value): value is string => isConnectionString(value),
);

/** One of the given words, in any case. */
export function oneOf<const T extends string>(...words: readonly T[]): SettingKind<T> {
  const known: readonly string[] = words;
  const pattern = anyCase(words);
  const kind = textKind(`one of ${words.join(', ')}`, pattern, (value): value is T => known.includes(value));
  return {
    ...kind,
    schema: suggested(words, pattern),
    check: (value) => kind.check(typeof value === 'string' ? value.trim().toLowerCase() : value),
  };
}

/** Editors offer the words; other spellings of them are right too. */
function suggested(words: readonly string[], pattern: RegExp): JsonSchema {
  return { anyOf: [{ enum: words }, { type: 'string', pattern: pattern.source }] };
}

/** JSON Schema has no flag for it. */
function anyCase(words: readonly string[]): RegExp {
  const parts = words.map((word) =>
    word.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`),
  );
  return new RegExp(String.raw`^\s*(?:${parts.join('|')})\s*$`);
}

const levelWords = auditLevelNames.map((name) => name.toUpperCase());

/** A level of log lines, in any case and common spelling. */
export const level: SettingKind<AuditLevel> = {
  expected: 'one of DEBUG, INFO, WARNING, ERROR, CRITICAL',
  check: (value) => {
    const parsed = parseLevel(value);
    return parsed === undefined ? refused : accepted(parsed);
  },
  fromText: (value) => value,
  schema: suggested(levelWords, anyCase([...auditLevelNames, ...Object.keys(levelSpellings)])),
};

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): SettingKind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    check: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? accepted(value) : refused,
    fromText: (value) => (/^[+-]?\d+$/.test(value) ? Number(value) : value),
    schema: { type: 'integer', minimum: min, maximum: max },
  };
}

/** `true` or `false`; in text also 1, 0, yes, no, on and off. */
export const flag: SettingKind<boolean> = {
  expected: 'true or false',
  check: (value) => (typeof value === 'boolean' ? accepted(value) : refused),
  fromText: (value) => {
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    return /^(false|0|no|off)$/i.test(value) ? false : value;
  },
  schema: { type: 'boolean' },
};

const listSchema: JsonSchema = { type: 'array', items: { type: 'string', pattern: String.raw`\S` } };

/** A list of words; in text separated by commas. */
export const words: SettingKind<readonly string[]> = {
  expected: 'a list of words, separated by commas',
  check: (value) =>
    Array.isArray(value) && value.every(isWord) ? accepted(value.map((word) => word.trim())) : refused,
  fromText: (value) =>
    value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  schema: listSchema,
};

/** A list of regular expressions that RE2 can run; in text one in each line, or a JSON list. */
export const patterns: SettingKind<readonly string[]> = {
  expected: 'a list of regular expressions as RE2 has them, in the environment one a line or a JSON list',
  check: (value) => {
    const checked = words.check(value);
    for (const source of checked.ok ? checked.value : []) {
      const parsed = parseTextPattern(source);
      if (!parsed.ok) return { ok: false, why: `${source}: ${parsed.why}` };
    }
    return checked;
  },
  fromText: (value) =>
    jsonList(value) ?? value.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()])),
  schema: listSchema,
};

/** A list of paths to members; in text separated by commas. */
export const paths: SettingKind<readonly string[]> = {
  expected: 'a list of paths such as user.email, users[*].email or headers["set-cookie"], separated by commas',
  check: (value) => {
    const checked = words.check(value);
    const wrong = checked.ok ? checked.value.find((path) => parseFieldPath(path) === undefined) : undefined;
    return wrong === undefined ? checked : { ok: false, why: `${wrong} is none` };
  },
  fromText: words.fromText,
  schema: listSchema,
};

/** A list of addresses, networks and groups of them; in text separated by commas. */
export const proxies: SettingKind<readonly string[]> = {
  expected: 'a list of IP addresses, networks such as 10.0.0.0/8, loopback and private, separated by commas',
  check: (value) => {
    const checked = words.check(value);
    const wrong = checked.ok ? checked.value.find((name) => !isProxyName(name)) : undefined;
    return wrong === undefined ? checked : { ok: false, why: `${wrong} is none` };
  },
  fromText: words.fromText,
  schema: listSchema,
};

function jsonList(value: string): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) && parsed.every(isWord) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
