/** The constant bytes in front of a value, `,"name":`, as 32-bit words: four bytes for each store. */
export interface FieldKey {
  readonly length: number;
  /** Big-endian; the last word may carry spaces that the value then overwrites. */
  readonly words: Uint32Array;
  /** Whether it ends with the opening quote of a text. */
  readonly isQuoted: boolean;
}

/** Longest key plus what its last word may overwrite. A writer keeps this many bytes free. */
export const maxFieldKeyBytes = 40;

/** The key of a member that is not the first one of its object; a text key includes the opening quote. */
export function createFieldKey(name: string, kind: 'text' | 'plain'): FieldKey {
  return toFieldKey(`,"${name}":${kind === 'text' ? '"' : ''}`);
}

/** Any constant piece of ASCII text as a key. */
export function toFieldKey(text: string): FieldKey {
  if (text.length + 3 > maxFieldKeyBytes) throw new RangeError(`The field key ${text} is too long.`);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4, ' '), 'latin1');
  const words = new Uint32Array(padded.length / 4);
  for (let index = 0; index < words.length; index += 1) words[index] = padded.readUInt32BE(index * 4);
  return { length: text.length, words, isQuoted: text.endsWith(':"') };
}
