const nul = /\0/g;
/** Escapes in order: a plain one (whose backslash may be what the next is not), a surrogate pair, and what jsonb refuses. */
const escapes = /\\[^u]|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\u(0000|d[89a-f][0-9a-f]{2})/gi;

/** `text` as Postgres can hold it. Lone surrogates need no care here: UTF-8 encoding replaces them. */
export function toStorableText(text: string): string {
  return text.includes('\0') ? text.replace(nul, '\u{fffd}') : text;
}

/** JSON text as jsonb takes it: no `\u0000` and no half of a surrogate pair. */
export function toStorableJson(json: string): string {
  const plain = toStorableText(json);
  if (!plain.includes('\\u')) return plain;
  return plain.replace(escapes, (whole, refused: string | undefined) => (refused === undefined ? whole : '\\ufffd'));
}
