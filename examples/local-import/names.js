// @ts-check
import { createHash } from 'node:crypto';
import { extname } from 'node:path';

const maxIdBytes = 1024;
const maxFileNameBytes = 255;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

// Characters that would break a line, a terminal or the escape itself: controls, bidirectional marks, line separators, %.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unsafe = /[\u0000-\u001f%\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text for a file name of any bytes. What is plain text stays as it is; everything else becomes `%XX` per byte, so that
 * two names never share a text and `%XX` leads back to the bytes.
 * @param {Buffer} name
 * @returns {string}
 */
export function toText(name) {
  try {
    return strict.decode(name).replace(unsafe, (character) => [...utf8.encode(character)].map(toEscape).join(''));
  } catch {
    return Array.from(name, (byte) => (byte < 0x80 ? toText(Buffer.of(byte)) : toEscape(byte))).join('');
  }
}

/**
 * Id of the item for a path: its text, cut where it is too long for an id, with a hash of the whole so that it stays unique.
 * @param {Buffer} path
 */
export function toItemId(path) {
  const text = toText(path);
  if (Buffer.byteLength(text) <= maxIdBytes) return text;
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return `${cut(text, maxIdBytes - hash.length - 1)}~${hash}`;
}

/**
 * File name in the target tree: the original name with a part of the hash before its extension, at most 255 bytes.
 * @param {string} name
 * @param {string} sha256
 */
export function toTargetName(name, sha256) {
  const extension = Buffer.byteLength(extname(name)) <= 16 ? extname(name) : '';
  const tail = `.${sha256.slice(0, 16)}${extension}`;
  const stem = name.slice(0, name.length - extension.length);
  return cut(stem, maxFileNameBytes - Buffer.byteLength(tail)) + tail;
}

/**
 * The start of a text that fits into so many bytes of UTF-8, whole characters only.
 * @param {string} text
 * @param {number} maxBytes
 */
function cut(text, maxBytes) {
  const { read } = utf8.encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}

/** @param {number} byte */
function toEscape(byte) {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
