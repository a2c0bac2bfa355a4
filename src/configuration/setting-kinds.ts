import { z } from 'zod';

/** How one kind of setting is written in text and checked as a value. */
export interface SettingKind<T> {
  readonly schema: z.ZodType<T>;
  /** Turns the text of an environment variable into what `schema` checks. */
  fromText(text: string): unknown;
  /** Ends the sentence "…, which is not". */
  readonly expected: string;
}

/** Text that is not empty. */
export const text: SettingKind<string> = {
  schema: z.string().trim().min(1),
  fromText: (value) => value,
  expected: 'a text that is not empty',
};

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): SettingKind<number> {
  return {
    schema: z.int().min(min).max(max),
    fromText: (value) => (/^[+-]?\d+$/.test(value) ? Number(value) : value),
    expected: `a whole number from ${min} to ${max}`,
  };
}

/** `true` or `false`; in text also 1, 0, yes, no, on and off. */
export const flag: SettingKind<boolean> = {
  schema: z.boolean(),
  fromText: (value) => {
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    return /^(false|0|no|off)$/i.test(value) ? false : value;
  },
  expected: 'true or false',
};

/** One of the given words, in any case. */
export function oneOf<const T extends string>(...words: readonly T[]): SettingKind<T> {
  return {
    schema: z.preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(words)),
    fromText: (value) => value,
    expected: `one of ${words.join(', ')}`,
  };
}

/** A list of words; in text separated by commas. */
export const words: SettingKind<readonly string[]> = {
  schema: z.array(z.string().trim().min(1)).readonly(),
  fromText: (value) =>
    value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  expected: 'a list of words, separated by commas',
};

/** A name that Postgres takes without quotes. */
export const identifier: SettingKind<string> = {
  schema: z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/),
  fromText: (value) => value,
  expected: 'a lower-case SQL name of at most 63 letters, digits and underscores',
};

/** A connection URL of Postgres. */
export const postgresUrl: SettingKind<string> = {
  schema: z.string().refine(isPostgresUrl),
  fromText: (value) => value,
  expected: 'a URL of the form postgres://user:password@host:port/database',
};

function isPostgresUrl(value: string): boolean {
  // A URL with credentials and no host names a Unix socket by its query; WHATWG URLs know no such thing.
  return /^postgres(ql)?:\/\//.test(value) && URL.canParse(value.replace('@/', '@localhost/'));
}
