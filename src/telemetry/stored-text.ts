import { detachedText } from '../storable/detached-text.ts';
import { type Sanitizer, sanitizer } from '../storable/sanitizer.ts';

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

const longestRemembered = 200;
const mostRemembered = 512;
const remembered = new Map<string, string>();
let rememberedBy: Sanitizer | undefined;

/** As `storedText`, for texts that come again and again, such as reasons: the last ones are remembered. */
export function recurringText(value: unknown, maxLength: number): string {
  if (typeof value !== 'string' || value.length > longestRemembered) return storedText(value, maxLength);
  const current = sanitizer();
  if (rememberedBy !== current || remembered.size >= mostRemembered) {
    remembered.clear();
    rememberedBy = current;
  }
  let text = remembered.get(value);
  if (text === undefined) {
    const kept = detachedText(value);
    text = storedText(kept, maxLength);
    remembered.set(kept, text);
  }
  return text;
}
