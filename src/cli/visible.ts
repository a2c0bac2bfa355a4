/**
 * Data becomes text for a terminal here. Whatever a record holds, it can neither move the cursor, change colours nor
 * start a line of its own.
 */

// C0, DEL and C1 controls, line and paragraph separator, bidirectional controls, characters that nobody sees (zero width space, word joiner,
// byte order mark, annotations, tags), lone surrogates. Joiners stay: emoji and several scripts are written with them.
const unsafe =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' };

/** `text` on one line, with every control character written out, as in `\n`, `\e` or `\u{9b}`. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => named[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** `text` as several lines, each of them safe. */
export function visibleLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map(visible);
}

/** One line of JSON. What `JSON.stringify` leaves as it is but a terminal obeys is escaped; it parses to the same value. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
