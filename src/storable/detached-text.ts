/**
 * A copy of a text that is to be remembered. V8 keeps a slice of a text as a reference into the whole of it, so that a
 * remembered word could hold the ten megabytes it was found in.
 */
export function detachedText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
