import type { IdGenerator } from '@opentelemetry/sdk-trace';
import { RandomDigits } from './random-digits.ts';

export interface IdGeneratorOptions {
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly now?: () => number;
  /** In [0, 1); default `Math.random`, as in the SDK. */
  readonly random?: () => number;
}

/**
 * Makes the generator of ids for a tracer provider whose spans become rows: the trace ids that it makes sort by the time at which they
 * were made. 12 hexadecimal digits are milliseconds since the epoch, as in a UUID of version 7, and the other 20 are random: more than the
 * 14 on the right that W3C Trace Context asks for, and all that samplers look at. The rows of traces that began together lie together in
 * the indexes by trace id and by correlation id, which so grow at their end and need not be in memory as a whole.
 *
 * https://www.w3.org/TR/trace-context-2/#random-trace-id-flag
 */
export function createIdGenerator(options: IdGeneratorOptions = {}): IdGenerator {
  const { now = Date.now, random } = options;
  const digits = new RandomDigits(random);
  let millis = Number.NaN;
  let time = '';
  return {
    generateTraceId() {
      const at = now();
      if (at !== millis) {
        millis = at;
        time = timeDigits(at);
      }
      return time + digits.take(randomDigits);
    },
    generateSpanId: () => digits.take(spanDigits),
  };
}

const timeLength = 12;
const randomDigits = 20;
const spanDigits = 16;

/** A clock before 1970 makes ids all the same. */
function timeDigits(at: number): string {
  return Math.max(0, Math.floor(at)).toString(16).padStart(timeLength, '0').slice(-timeLength);
}
