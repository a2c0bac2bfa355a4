import type { Redaction } from './secret-values.ts';

/** Where a text may be encoded: a byte, and a `+` for a space, which stands within a text and not before the time zone of a time. */
const sign = /%[0-9A-Fa-f]{2}|(?<=\S)\+(?=\S)(?!\d\d:\d\d)/g;
const bytes = /(?:%[0-9A-Fa-f]{2})+/g;
/** What stands between encoded texts. */
const breaks = /[\s"<>&?]/g;
/** What would end a line, a string or a parameter where the encoded text stood. */
const unsafe = /[\p{Cc}"\\<>&]/gu;

/**
 * Redacts what is encoded as URLs and forms are: `?to=https%3A%2F%2Fhost%2F%3Ftoken%3D…` names its secret only once it is decoded. Texts in which
 * nothing is found stay as they are; of the others it is the decoded text that is kept, but for what would be taken for the end of it.
 * @param redact redacts a decoded text
 */
export function redactEncoded(text: string, redact: (decoded: string) => Redaction): Redaction {
  let result = '';
  let position = 0;
  let count = 0;
  let at = nextSign(text, 0);
  while (at !== -1) {
    const start = runStart(text, at, position);
    const end = runEnd(text, at);
    at = nextSign(text, end);
    const redaction = redactRun(text.slice(start, end), redact);
    if (redaction === undefined) continue;
    result += text.slice(position, start) + redaction.text.replaceAll(unsafe, encodeURIComponent);
    position = end;
    count += redaction.count;
  }
  return { text: count === 0 ? text : result + text.slice(position), count };
}

/** What is redacted within a text may be encoded itself: no position is left in the pattern. */
function nextSign(text: string, from: number): number {
  sign.lastIndex = from;
  return sign.exec(text)?.index ?? -1;
}

/** In forms a space is written as `+`, which also stands in keys. What has no byte that is encoded was searched with its `+` already. */
function redactRun(run: string, redact: (decoded: string) => Redaction): Redaction | undefined {
  const spaced = run.includes('+') ? redact(percentDecoded(run.replaceAll('+', ' '))) : undefined;
  if (spaced !== undefined && spaced.count > 0) return spaced;
  const redaction = run.includes('%') ? redact(percentDecoded(run)) : undefined;
  return redaction !== undefined && redaction.count > 0 ? redaction : undefined;
}

/** The text with its `%41` as what they stand for, in UTF-8. What is encoded wrongly becomes a sign that it was. */
export function percentDecoded(run: string): string {
  return run.replace(bytes, (some) => Buffer.from(some.replaceAll('%', ''), 'hex').toString('utf8'));
}

function runStart(text: string, from: number, lowest: number): number {
  let start = from;
  while (start > lowest && !isBreak(text, start - 1)) start -= 1;
  return start;
}

function isBreak(text: string, index: number): boolean {
  breaks.lastIndex = 0;
  return breaks.test(text[index] ?? ' ');
}

function runEnd(text: string, from: number): number {
  breaks.lastIndex = from;
  return breaks.test(text) ? breaks.lastIndex - 1 : text.length;
}
