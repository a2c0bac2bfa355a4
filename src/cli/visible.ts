/**
 * Data becomes text for a terminal here. Whatever a record holds, it can neither move the cursor, change colours nor
 * start a line of its own.
 */

// C0, DEL and C1 controls, line and paragraph separator, bidirectional controls, byte order mark, lone surrogates.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

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
  return JSON.stringify(value).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
