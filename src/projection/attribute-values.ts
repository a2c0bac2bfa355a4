import { type AuditLevel, isAuditLevel, parseLevel } from '../domain/audit.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';

/** What a projection needs besides its input. */
export interface ProjectionContext {
  readonly sanitizer: Sanitizer;
  /** Service that owns the journal; records name their service only where it is another one. */
  readonly service: string;
}

/** Longest texts, in UTF-16 units. Ids are part of index entries, of which Postgres holds at most 2,704 bytes. */
export const maxLength = { id: 1_024, name: 512, path: 8_192, message: 65_536, stack: 262_144 } as const;

const maxInteger = 2_147_483_647;
const integerText = /^-?\d{1,16}$/;

/** Text of an attribute value; JSON of one that is no primitive; `undefined` for a missing or empty one. */
export function toText(value: unknown, max: number, sanitizer: Sanitizer): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : sanitizer.text(value, max);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return sanitizer.text(sanitizer.json(value), max);
}

/** A name of a small vocabulary: as `toText`, remembered. */
export function toName(value: unknown, sanitizer: Sanitizer): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : sanitizer.name(value);
  return toText(value, maxLength.name, sanitizer);
}

/** A level in any spelling, or `undefined`. */
export function toLevel(value: unknown): AuditLevel | undefined {
  return isAuditLevel(value) ? value : parseLevel(value);
}

/** An id: as `toText`, but what merely looks like `key: value` or a card number is kept, since two ids must not become one. */
export function toId(value: unknown, sanitizer: Sanitizer): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : sanitizer.id(value);
  return toText(value, maxLength.id, sanitizer);
}

/** A whole number that a Postgres `integer` holds, or `undefined`. OTLP writes large ones as text. */
export function toInteger(value: unknown): number | undefined {
  const number = toCount(value);
  return number === undefined || number > maxInteger || number < -maxInteger ? undefined : number;
}

/** A whole number below 2^53, or `undefined`. */
export function toCount(value: unknown): number | undefined {
  if (typeof value === 'number') {
    const whole = Math.trunc(value);
    return Number.isSafeInteger(whole) ? whole : undefined;
  }
  if (typeof value === 'bigint' || (typeof value === 'string' && integerText.test(value))) {
    const whole = Number(value);
    return Number.isSafeInteger(whole) ? whole : undefined;
  }
  return undefined;
}

/** A finite number, or `undefined`. */
export function toFinite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Whole microseconds since the epoch, up to the year 2255; `otherwise` where the value is none. */
export function toTime(value: number, otherwise: number): number {
  return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

/** JSON text of an attribute that holds JSON text, or of any other value; `undefined` for a missing one. */
export function toJson(value: unknown, sanitizer: Sanitizer): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? sanitizer.jsonText(value) : sanitizer.json(value);
}

const mostActions = 50;

/** A list of sentences: at most 50, and one more that tells how many were left out. */
export function toSentences(value: unknown, sanitizer: Sanitizer): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const sentences: string[] = [];
  for (const entry of list.slice(0, mostActions)) {
    const sentence = toText(entry, maxLength.message, sanitizer);
    if (sentence !== undefined) sentences.push(sentence);
  }
  if (list.length > mostActions) sentences.push(`… ${list.length - mostActions} more`);
  return sentences.length === 0 ? undefined : sentences;
}
