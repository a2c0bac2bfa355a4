import { redactedAttribute } from '../recording/redacted-attributes.ts';
import { detachedText } from '../storable/detached-text.ts';
import type { Sanitizer } from '../storable/sanitizer.ts';
import type { ProtobufBuffer } from './protobuf-buffer.ts';

/** Fields of `KeyValue`, of `AnyValue`, and of its lists. */
const pair = { key: 1, value: 2 } as const;
const any = { text: 1, boolean: 2, integer: 3, double: 4, list: 5, members: 6, bytes: 7 } as const;
const listed = 1;

/** Values that are remembered of a key; one that has more is another with each span, as ids are. */
const mostValues = 32;
const mostPairs = 2_048;
const longestText = 128;

/** A pair and its bytes. */
interface Pair {
  readonly key: string;
  readonly value: unknown;
  readonly bytes: Uint8Array;
}

type Values = Map<unknown, Pair>;

/** Places that are remembered: most spans have fewer attributes. */
const mostPlaces = 32;

/**
 * Writes attributes as OTLP has them, redacted. The same few come with nearly every span, so their bytes are remembered, a bounded number
 * of them: finding them again takes a tenth of the time that redacting and encoding them takes.
 */
export class OtlpAttributes {
  readonly #sanitizer: Sanitizer;
  readonly #known = new Map<string, Values>();
  /** The beginnings of pairs whose values are not remembered. */
  readonly #varied = new Map<string, Uint8Array>();
  /** What stood last at each place of spans of each kind: mostly the same comes again, and is found without a look into the maps. */
  readonly #places: (Pair | undefined)[][] = [];
  #pairs = 0;

  constructor(sanitizer: Sanitizer) {
    this.#sanitizer = sanitizer;
  }

  /** Writes each attribute as a `KeyValue` of this field. @param kind what has mostly the same attributes, a small number */
  write(into: ProtobufBuffer, field: number, attributes: Readonly<Record<string, unknown>>, kind = 0): void {
    this.#places[kind] ??= [];
    const places = this.#places[kind];
    let index = 0;
    for (const key in attributes) {
      if (!Object.hasOwn(attributes, key)) continue;
      const value = attributes[key];
      const last = places[index];
      const isSame = last !== undefined && last.key === key && last.value === value;
      const pair = isSame ? last : this.#known.get(key)?.get(value);
      if (pair === undefined) this.#writeNew(into, field, key, value);
      else into.piece(field, pair.bytes);
      if (!isSame && index < mostPlaces) places[index] = pair;
      index += 1;
    }
  }

  #writeNew(into: ProtobufBuffer, field: number, key: string, value: unknown): void {
    const kept = redactedAttribute(key, value, this.#sanitizer);
    const before = into.length;
    const start = into.begin(field);
    const beginning = this.#varied.get(key);
    if (beginning === undefined) into.text(pair.key, key);
    else into.append(beginning);
    writeAny(into, pair.value, kept);
    into.finish(start);
    // What was redacted is not remembered, nor is what it was made from.
    if (beginning !== undefined || kept !== value || !isShort(value) || key.length > longestText) return;
    if (!this.#learn(key, value, into.part(before + 1)) && this.#varied.size < mostPairs) this.#learnKey(into, key);
  }

  #learnKey(into: ProtobufBuffer, key: string): void {
    const before = into.length;
    into.text(pair.key, key);
    this.#varied.set(detachedText(key), new Uint8Array(into.part(before)));
    into.truncate(before);
  }

  /** Answers false, with all forgotten that is known of the key, where it has too many values. */
  #learn(key: string, value: unknown, bytes: Uint8Array): boolean {
    let values = this.#known.get(key);
    if (values !== undefined && values.size >= mostValues) {
      this.#known.delete(key);
      this.#pairs -= values.size;
      return false;
    }
    if (this.#pairs >= mostPairs) {
      this.#known.clear();
      this.#pairs = 0;
      values = undefined;
    }
    const kept = detachedText(key);
    if (values === undefined) {
      values = new Map();
      this.#known.set(kept, values);
    }
    const detached = typeof value === 'string' ? detachedText(value) : value;
    values.set(detached, { key: kept, value: detached, bytes: new Uint8Array(bytes) });
    this.#pairs += 1;
    return true;
  }
}

function isShort(value: unknown): boolean {
  return typeof value === 'string'
    ? value.length <= longestText
    : typeof value === 'number' || typeof value === 'boolean';
}

function writePair(into: ProtobufBuffer, field: number, key: string, value: unknown): void {
  const start = into.begin(field);
  into.text(pair.key, key);
  writeAny(into, pair.value, value);
  into.finish(start);
}

function writeAny(into: ProtobufBuffer, field: number, value: unknown): void {
  const start = into.begin(field);
  if (typeof value === 'string') into.text(any.text, value);
  else if (typeof value === 'boolean') into.integer(any.boolean, value ? 1 : 0);
  else if (typeof value === 'number') writeNumber(into, value);
  else if (value instanceof Uint8Array) into.bytes(any.bytes, value);
  else if (Array.isArray(value)) {
    const list = into.begin(any.list);
    for (const entry of value) writeAny(into, listed, entry);
    into.finish(list);
  } else if (typeof value === 'object' && value !== null) {
    const members = into.begin(any.members);
    for (const [key, member] of Object.entries(value)) writePair(into, listed, key, member);
    into.finish(members);
  }
  into.finish(start);
}

/** A whole number that 64 bits hold, or any other. */
function writeNumber(into: ProtobufBuffer, value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) into.integer(any.integer, value);
  else into.double(any.double, value);
}
