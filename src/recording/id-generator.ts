import type { IdGenerator } from '@opentelemetry/sdk-trace';
import { RandomDigits } from './random-digits.ts';

export interface IdGeneratorOptions {
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly now?: () => number;
  /** In [0, 1); default `Math.random`, as in the SDK. */
  readonly random?: () => number;
}

/**
 * Makes the generator of ids for a tracer provider whose spans become rows: the trace ids that it makes sort by the second in which they
 * were made. 12 hexadecimal digits are milliseconds since the epoch, as in a UUID of version 7, and the other 20 are random: more than the
 * 14 on the right that W3C Trace Context asks for, and all that samplers look at. The rows of traces that began together lie together in
 * the indexes by trace id and by correlation id, which so grow at their end and need not be in memory as a whole.
 *
 * https://www.w3.org/TR/trace-context-2/#random-trace-id-flag
 */
export function createIdGenerator(options: IdGeneratorOptions = {}): IdGenerator {
  const { now = Date.now, random = Math.random } = options;
  const traces = new TraceIds(now, random);
  const digits = new RandomDigits(random);
  return {
    generateTraceId: () => traces.take(),
    generateSpanId: () => digits.take(spanDigits),
  };
}

const spanDigits = 16;
const idBytes = 16;
const timeBytes = 6;
const idsAtOnce = 24;
/** Ids that were made ahead are not used after so many milliseconds. */
const freshMillis = 1_000;
const mostMillis = 2 ** (8 * timeBytes) - 1;

/** Some ids at once, each of which is a slice of their digits: to join two texts for each takes longer, and so does reading what was joined. */
class TraceIds {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #words = new Uint32Array((idsAtOnce * idBytes) / Uint32Array.BYTES_PER_ELEMENT);
  readonly #bytes = Buffer.from(this.#words.buffer);
  #digits = '';
  #used = 0;
  #madeAt = 0;

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  take(): string {
    const now = this.#now();
    const age = now - this.#madeAt;
    if (this.#used === this.#digits.length || age >= freshMillis || age < 0) this.#refill(now);
    const start = this.#used;
    this.#used += 2 * idBytes;
    return this.#digits.slice(start, this.#used);
  }

  #refill(now: number): void {
    // A clock before 1970 makes times all the same.
    const millis = Math.min(Math.max(0, Math.floor(now)), mostMillis);
    for (let index = 0; index < this.#words.length; index += 1) this.#words[index] = this.#random() * 2 ** 32;
    for (let at = 0; at < this.#bytes.length; at += idBytes) this.#bytes.writeUIntBE(millis, at, timeBytes);
    this.#digits = this.#bytes.toString('hex');
    this.#used = 0;
    this.#madeAt = now;
  }
}
