import type { Alterations } from './alterations.ts';
import { encodedBits, found, phraseBits, scan, secretBits, valueBits } from './character-scan.ts';
import { redactEncoded } from './encoded-text.ts';
import type { PathNode } from './field-paths.ts';
import { type PairRules, redactSecretPairs } from './secret-pairs.ts';
import { redactSecretPhrases } from './secret-phrases.ts';
import { type Redaction, redactSecretValues } from './secret-values.ts';
import { redactPattern, type TextPattern } from './text-pattern.ts';

/** What a text is made fit with. */
export interface TextRules extends PairRules {
  readonly alterations: Alterations;
  /** False switches redaction off; storability is not an option. */
  readonly redact: boolean;
  /** Patterns of the host. Ids are left alone by them. */
  readonly patterns: readonly TextPattern[];
  /** `found.own` where there are such patterns. */
  readonly ownBits: number;
  /** Paths of the host to members that are hidden. */
  readonly paths: PathNode | undefined;
}

/** Read beyond the cut, so that a secret across it is recognised before half of it is kept. */
const overlap = 16_384;

/** The text redacted, without NUL and lone surrogates, of at most `maxLength` UTF-16 units. `scanned` is `scan(text)`. */
export function storableText(text: string, scanned: number, maxLength: number, rules: TextRules): string {
  const bits = scanned | rules.ownBits;
  if ((bits & ~found.jsonEscape) === 0 && text.length <= maxLength) return text;
  let result = text.length > maxLength + overlap ? text.slice(0, maxLength + overlap) : text;
  if (rules.redact && bits & secretBits) result = withoutSecrets(result, bits, rules);
  if (bits & found.nul && result.includes('\0')) {
    result = result.replaceAll('\0', '\uFFFD');
    rules.alterations.add('nul');
  }
  if (text.length > maxLength) result = cut(result, maxLength, rules.alterations);
  if (bits & found.surrogate && !result.isWellFormed()) {
    result = result.toWellFormed();
    rules.alterations.add('surrogate');
  }
  return result;
}

/** Cuts on a code point and says so with an ellipsis. */
function cut(text: string, maxLength: number, alterations: Alterations): string {
  alterations.add('cut');
  if (text.length <= maxLength) return text;
  const room = Math.max(0, maxLength - 1);
  const unit = text.charCodeAt(room - 1);
  const end = unit >= 0xd800 && unit <= 0xdbff ? room - 1 : room;
  return maxLength > 0 ? `${text.slice(0, end)}…` : '';
}

function withoutSecrets(text: string, bits: number, rules: TextRules): string {
  const redaction = redactAll(text, bits, rules, mostEncodings);
  if (redaction.count > 0) rules.alterations.add('redacted', redaction.count);
  return redaction.text;
}

/** How often a text may be encoded, one time over the other. */
const mostEncodings = 3;

function redactAll(text: string, bits: number, rules: TextRules, encodings: number): Redaction {
  let result = text;
  let count = 0;
  const pass = (redaction: Redaction): void => {
    result = redaction.text;
    count += redaction.count;
  };
  if (bits & valueBits) pass(redactSecretValues(result, rules.isId ? bits & ~found.digits : bits, rules.tell));
  if (bits & phraseBits && !rules.isId) pass(redactSecretPhrases(result, bits, rules));
  if (bits & found.pair) pass(redactSecretPairs(result, rules));
  for (const pattern of rules.isId ? [] : rules.patterns) {
    const redaction = redactPattern(result, pattern);
    if (redaction.count > 0) rules.tell?.(`pattern ${pattern.name}`, redaction.count);
    pass(redaction);
  }
  if (bits & encodedBits && encodings > 0 && (result.includes('%') || result.includes('+')))
    pass(redactEncoded(result, (decoded) => redactAll(decoded, scan(decoded) | rules.ownBits, rules, encodings - 1)));
  return { text: result, count };
}

/** As `storableText`, for callers that have not scanned. */
export function toStorableText(text: string, maxLength: number, rules: TextRules): string {
  return storableText(text, scan(text), maxLength, rules);
}
