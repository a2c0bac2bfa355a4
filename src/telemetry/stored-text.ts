import { sanitizer } from '../storable/sanitizer.ts';

/** Redacted, storable text of at most `maxLength` characters; a cut tells how long the text was. */
export function storedText(value: unknown, maxLength: number): string {
  const text = typeof value === 'string' ? value : plainText(value);
  if (text.length <= maxLength) return sanitizer().text(text, maxLength);
  const note = ` (${text.length} characters in all)`;
  return sanitizer().text(text, Math.max(0, maxLength - note.length)) + note;
}

/** Callers without types pass what they have. */
function plainText(value: unknown): string {
  return typeof value === 'object' && value !== null ? sanitizer().json(value) : String(value);
}
