/** What JSON cannot hold as it is, and control characters beyond; also lone surrogates, which have no UTF-8. */
const needsEscape = /["\\\p{Cc}\p{Cs}]/u;

/** A text as JSON. Throws on what is no JSON value, as callers without types may pass. */
export function quoted(value: string): string {
  if (typeof value === 'string' && !needsEscape.test(value)) return `"${value}"`;
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`A ${typeof value} cannot be written.`);
  return json;
}

const mostRemembered = 1_024;
const longestRemembered = 100;

/** Texts of a small vocabulary as JSON, a bounded number of them remembered. */
export class RememberedTexts {
  readonly #known = new Map<string, string>();

  /** A member of an object, its key given with comma and colon; nothing for null. */
  member(key: string, value: string): string {
    if (value === null) return '';
    return key + (this.#known.get(value) ?? this.#learn(value));
  }

  #learn(value: string): string {
    const json = quoted(value);
    if (typeof value !== 'string' || value.length > longestRemembered) return json;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(value, json);
    return json;
  }
}

const threeDigits = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'));

/**
 * Times as text, microseconds since 1970. The seconds of one time are nearly always those of the time before, and converting
 * sixteen digits costs ten times as much as joining texts that are there.
 */
export class TimeText {
  #seconds = -1;
  #secondsText = '';
  #last = Number.NaN;
  #lastText = '';

  /** Any finite number; quickest for times. */
  text(value: number): string {
    if (value === this.#last) return this.#lastText;
    this.#lastText = this.#format(value);
    this.#last = value;
    return this.#lastText;
  }

  /** A member of an object, its key given with comma and colon; nothing for what is not finite. */
  member(key: string, value: number): string {
    return Number.isFinite(value) ? key + this.text(value) : '';
  }

  #format(value: number): string {
    if (!(value >= 1e15 && Number.isSafeInteger(value))) return String(value);
    const seconds = Math.floor(value / 1e6);
    if (seconds !== this.#seconds) {
      this.#seconds = seconds;
      this.#secondsText = String(seconds);
    }
    const micros = value - seconds * 1e6;
    const millis = Math.floor(micros / 1_000);
    return this.#secondsText + threeDigits[millis] + threeDigits[micros - millis * 1_000];
  }
}
