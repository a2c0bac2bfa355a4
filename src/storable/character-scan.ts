/**
 * What one pass over a text found. Each bit says that a kind of work *may* be needed; a text without bits is stored as
 * it is. The pass costs about a nanosecond per character, a tenth of running the patterns themselves.
 */
export const found = {
  nul: 1,
  surrogate: 2,
  /** A quote, a backslash or a control character: JSON needs escapes. */
  jsonEscape: 4,
  /** `=`, `:` or `%`: a key and value pair may follow. */
  pair: 8,
  at: 16,
  /** Five hyphens in a row: `-----BEGIN`. */
  dashes: 32,
  /** `bear` or `basi`: the schemes bearer and basic. */
  scheme: 64,
  /** `eyJ`: the beginning of every JSON web token. */
  webToken: 128,
  /**
   * An unbroken run of letters, digits, `_` and `-` as long as the shortest key that is known by its look, and not made of hexadecimal digits and
   * hyphens alone, as hashes, UUIDs and trace ids are.
   */
  longRun: 256,
  /** At least as many digits as the shortest card number, with nothing but spaces and hyphens between them. */
  digits: 512,
  /** A hyphen at the beginning of a word or behind another: `--token x`. */
  option: 1024,
  apostrophe: 2048,
  /** `<` */
  tag: 4096,
  /** `ssw`, as in password and passwd. */
  password: 8192,
  /** `+`, which stands for a space in forms. */
  plus: 32_768,
  /** Never found by the scan: the host has patterns of its own, which look at every text. */
  own: 16_384,
} as const;

/** Bits that call for the patterns of secrets that are known by their look. */
export const valueBits = found.at | found.dashes | found.scheme | found.webToken | found.longRun | found.digits;

/** Bits that call for the phrases in which secrets stand. */
export const phraseBits = found.option | found.apostrophe | found.tag | found.password | found.jsonEscape;

/** Bits of texts that may be encoded, as addresses and forms are. */
export const encodedBits = found.pair | found.plus;

/** Bits that call for redaction. */
export const secretBits = (valueBits | phraseBits | encodedBits | found.own) & ~found.jsonEscape;

const shortestCardNumber = 13;
const shortestKey = 18;
const space = 0x20;
const hyphen = 0x2d;

/** Bits of a character that only the scan itself uses. */
const inner = { word: 1 << 16, digit: 1 << 17, b: 1 << 18, j: 1 << 19, w: 1 << 20, beyondHex: 1 << 21 };
const outer = inner.word - 1;
const bits = new Uint32Array(128);
const mark = (characters: string, bit: number): void => {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    bits[code] = (bits[code] ?? 0) | bit;
  }
};

for (let code = 0; code < 0x20; code += 1) bits[code] = found.jsonEscape;
for (let code = 0x30; code < 0x7b; code += 1) mark(String.fromCharCode(code).replace(/\W/, ''), inner.word);
mark('\0', found.nul);
mark('"\\', found.jsonEscape);
mark('=:%', found.pair);
mark('+', found.plus);
mark('@', found.at);
mark('-', inner.word);
mark('0123456789', inner.digit);
mark('bB', inner.b);
mark('J', inner.j);
mark('wW', inner.w);
mark('GHIJKLMNOPQRSTUVWXYZ_ghijklmnopqrstuvwxyz', inner.beyondHex);
mark("'", found.apostrophe);
mark('<', found.tag);

/** Scans a text once and returns the `found` bits. */
export function scan(text: string): number {
  let result = 0;
  let digits = 0;
  let run = 0;
  let inRun = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const bit = code < 128 ? (bits[code] as number) : 0;
    result |= bit;
    if (bit & inner.word) {
      run += 1;
      inRun |= bit;
      if (run >= shortestKey && inRun & inner.beyondHex) result |= found.longRun;
      if (bit & inner.digit) {
        digits += 1;
        if (digits === shortestCardNumber) result |= found.digits;
      } else if (code === hyphen) {
        const before = text.charCodeAt(index - 1);
        if (before === hyphen || before === space || index === 0) {
          result |= found.option;
          if (text.startsWith('----', index - 4)) result |= found.dashes;
        }
      } else {
        digits = 0;
        if (bit & (inner.b | inner.j | inner.w)) result |= letterAt(text, index, bit);
      }
    } else {
      run = 0;
      inRun = 0;
      if (code !== space) {
        digits = 0;
        if (code >= 0xd800 && code <= 0xdfff) result |= found.surrogate;
      }
    }
  }
  return result & outer;
}

function letterAt(text: string, index: number, bit: number): number {
  if (bit & inner.w)
    return (text.charCodeAt(index - 1) & text.charCodeAt(index - 2) & ~32) === 0x53 ? found.password : 0;
  return bit & inner.b ? schemeAt(text, index) : webTokenAt(text, index);
}

/** The web token bit where the `J` at `index` ends `eyJ`. */
function webTokenAt(text: string, index: number): number {
  return text.charCodeAt(index - 1) === 0x79 && text.charCodeAt(index - 2) === 0x65 ? found.webToken : 0;
}

/** The scheme bit where `bear` or `basi` stands at `index`, in any letter case. */
function schemeAt(text: string, index: number): number {
  const second = text.charCodeAt(index + 1) | 32;
  if (second !== 0x65 && second !== 0x61) return 0;
  const word = text.slice(index + 1, index + 4).toLowerCase();
  return word === 'ear' || word === 'asi' ? found.scheme : 0;
}
