import { type Redaction, redacted } from './secret-values.ts';

/** A pattern of the host for secrets of its own, whatever engine it runs in. It must be linear in the length of the text. */
export interface TextPattern {
  /** What the pattern is called where it is told of. */
  readonly name: string;
  /** The first match that begins at `from` or later; `start` and `end` are UTF-16 units. */
  find(text: string, from: number): { readonly start: number; readonly end: number } | undefined;
}

/** Redacts every match of a pattern. */
export function redactPattern(text: string, pattern: TextPattern): Redaction {
  let result = '';
  let position = 0;
  let count = 0;
  let match = pattern.find(text, 0);
  while (match !== undefined && match.start < text.length) {
    const { start, end } = match;
    if (end > start) {
      result += text.slice(position, start) + redacted;
      position = end;
      count += 1;
    }
    match = pattern.find(text, Math.max(end, start + 1));
  }
  return { text: count === 0 ? text : result + text.slice(position), count };
}
