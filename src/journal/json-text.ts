/** What JSON cannot hold as it is, and control characters beyond; also lone surrogates, which have no UTF-8. */
const needsEscape = /["\\\p{Cc}\p{Cs}]/u;

/**
 * A member of an object with any text; nothing for a missing one, and for the null that a caller without types may have put there.
 * Throws on what is no JSON value.
 *
 * @param key comma, name and colon
 */
export function textMember(key: string, value: string | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' && !needsEscape.test(value)) return `${key}"${value}"`;
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`A ${typeof value} cannot be written.`);
  return key + json;
}

/** A member with a number. One that is not finite cannot stand in JSON and is left out. */
export function numberMember(key: string, value: number): string {
  return Number.isFinite(value) ? key + String(value) : '';
}

const mostRemembered = 512;
const longestRemembered = 100;

/** A member that has few values, a bounded number of them remembered as they stand in a line. */
export class RememberedTexts {
  readonly #key: string;
  readonly #known = new Map<string, string>();

  constructor(key: string) {
    this.#key = key;
  }

  member(value: string): string {
    return this.#known.get(value) ?? this.#learn(value);
  }

  #learn(value: string): string {
    const member = textMember(this.#key, value);
    if (typeof value !== 'string' || value.length > longestRemembered) return member;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(value, member);
    return member;
  }
}

/** Three members that come in few combinations. The first tells the others apart well enough to look them up by it. */
export class RememberedTriples {
  readonly #keys: readonly [string, string, string];
  readonly #known = new Map<string, { readonly second: string; readonly third: string; readonly members: string }>();

  constructor(keys: readonly [string, string, string]) {
    this.#keys = keys;
  }

  members(first: string, second: string, third: string): string {
    const known = this.#known.get(first);
    return known?.second === second && known.third === third ? known.members : this.#learn(first, second, third);
  }

  #learn(first: string, second: string, third: string): string {
    const [one, two, three] = this.#keys;
    const members = textMember(one, first) + textMember(two, second) + textMember(three, third);
    if (members.length > 4 * longestRemembered) return members;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(first, { second, third, members });
    return members;
  }
}

const smallNumbers = 256;

/** A member that mostly holds a small whole number. */
export class RememberedNumbers {
  readonly #key: string;
  readonly #small: readonly string[];

  constructor(key: string) {
    this.#key = key;
    this.#small = Array.from({ length: smallNumbers }, (_, value) => key + String(value));
  }

  member(value: number): string {
    return this.#small[value] ?? numberMember(this.#key, value);
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

  /** A member of an object; nothing for what is not finite. */
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
