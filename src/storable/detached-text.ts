/** V8 copies what it cuts out of a text where that is shorter than this. */
const shortestSlice = 13;

/**
 * A copy of a text that is to be remembered. V8 keeps a slice of a text as a reference into the whole of it, so that a
 * remembered word could hold the ten megabytes it was found in.
 */
export function detachedText(text: string): string {
  if (text.length < shortestSlice) return text;
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
