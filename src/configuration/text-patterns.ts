import { createRequire } from 'node:module';
import type { TextPattern } from '../storable/text-pattern.ts';

/** A pattern that was read, or why it was not. */
export type ParsedPattern =
  | { readonly ok: true; readonly pattern: TextPattern }
  | { readonly ok: false; readonly why: string };

type Engine = typeof import('re2js');

const longestSource = 1000;

// Loaded where there is a pattern: most programs have none. RE2 matches in linear time whatever the pattern, which JavaScript's own engine
// does not; lookahead, lookbehind and back references are the price.
const loadEngine = (): Engine => createRequire(import.meta.url)('re2js') as Engine;

/** Reads a regular expression in the syntax of RE2, such as `CUST-\d{6}` or `(?i)tenant: \w+`. */
export function parseTextPattern(source: string): ParsedPattern {
  if (source.length > longestSource) return { ok: false, why: `it is longer than ${longestSource} characters` };
  let compiled: InstanceType<Engine['RE2JS']>;
  try {
    compiled = loadEngine().RE2JS.compile(source);
  } catch (error) {
    return { ok: false, why: reasonOf(error) };
  }
  if (compiled.matcher('').find()) return { ok: false, why: 'it matches the empty text' };
  return {
    ok: true,
    pattern: {
      name: source,
      find(text, from) {
        const matcher = compiled.matcher(text);
        return matcher.find(from) ? { start: matcher.start(), end: matcher.end() } : undefined;
      },
    },
  };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace('error parsing regexp: ', '').replaceAll('`', '');
}
