import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { detachedText } from '../storable/detached-text.ts';
import type { SeenBody } from './body-tap.ts';

/** How a body travelled. */
export interface BodyKind {
  readonly type: string | undefined;
  readonly encoding: string | undefined;
}

/** What a content type says of its bodies. */
interface ContentKind {
  /** They are read as text. */
  readonly isTextual: boolean;
  /** They are UTF-8, as far as it says. */
  readonly isUtf8: boolean;
  readonly isForm: boolean;
}

const textual =
  /^(text\/(?!event-stream)|application\/(json|xml|graphql|x-www-form-urlencoded|[a-z0-9.+-]+\+(json|xml))\b)/i;

const mostKinds = 256;
const kinds = new Map<string, ContentKind>();

/** Services have few content types; clients may send any. */
function kindOf(type: string): ContentKind {
  const known = kinds.get(type);
  if (known !== undefined) return known;
  const kind = {
    isTextual: textual.test(type),
    isUtf8: !/charset=(?!"?utf-8"?\s*(?:;|$))/i.test(type),
    isForm: /^application\/x-www-form-urlencoded\b/i.test(type),
  };
  if (kinds.size >= mostKinds) kinds.clear();
  // It may be cut out of all the headers of an answer.
  if (type.length <= longestKnown) kinds.set(detachedText(type), kind);
  return kind;
}

const longestKnown = 128;

/** Whether a content type is one whose bodies are read as text. Event streams have no end. */
export function isTextual(type: string | undefined): boolean {
  return type !== undefined && kindOf(type).isTextual;
}

/** How much larger than its cap a body may become when it is unpacked. */
const mostUnpacked = 64;

/**
 * A body as text of at most `maxBytes`: unpacked, decoded by its charset, a form as a JSON object. What is left out is told at the
 * end; what cannot be read, in a sentence in place of it.
 */
export function bodyText(body: SeenBody, kind: BodyKind, maxBytes: number): string {
  if (body.text !== undefined && isPlainText(kind)) return typed(withoutMark(body.text), kind.type);
  const isCut = body.size > body.bytes.byteLength;
  const unpacked = unpack(body, kind.encoding, maxBytes);
  if (typeof unpacked === 'string') return unpacked;
  const isShortened = isCut || unpacked.byteLength > maxBytes;
  const text = decode(unpacked.subarray(0, maxBytes), kind.type, isShortened);
  if (isShortened) return `${text}… [cut, ${body.size} bytes as sent]`;
  return typed(text, kind.type);
}

/** Whether a body travels as its text in UTF-8. */
export function isPlainText({ type = '', encoding = '' }: BodyKind): boolean {
  return encoding === '' && kindOf(type).isUtf8;
}

/** A decoder takes this for no part of the text. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function typed(text: string, type: string | undefined): string {
  return type !== undefined && kindOf(type).isForm ? formText(text) : text;
}

function unpack({ bytes, size }: SeenBody, encoding: string | undefined, maxBytes: number): Uint8Array | string {
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return bytes;
  const unpacker = unpackers[coding];
  if (unpacker === undefined) return `[${size} bytes in the encoding ${coding.slice(0, 40)}]`;
  try {
    return unpacker(bytes, maxBytes * mostUnpacked);
  } catch (error) {
    const isBomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isBomb
      ? `[${size} bytes of ${coding} that become more than ${maxBytes * mostUnpacked}]`
      : `[${size} bytes that are not ${coding}]`;
  }
}

type Unpacker = (bytes: Uint8Array, maxOutputLength: number) => Uint8Array;

const gunzip: Unpacker = (bytes, maxOutputLength) =>
  gunzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });

/** The beginning of a packed body is enough for the beginning of the text. */
const unpackers: Readonly<Record<string, Unpacker>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: (bytes, maxOutputLength) => {
    const options = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH };
    // Both with a header, as the standard says, and without, as some do: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.2
    return ((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
  },
  br: (bytes, maxOutputLength) =>
    brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

/** A character that was cut in two is left out. */
function decode(bytes: Uint8Array, type: string | undefined, isShortened: boolean): string {
  const charset = /charset="?([^\s;"]+)/i.exec(type ?? '')?.[1] ?? 'utf-8';
  // One that is told that more will come remembers what it has seen; any other can be used again.
  if (!isShortened && charset.toLowerCase() === 'utf-8') return utf8.decode(bytes);
  return decoderOf(charset).decode(bytes, { stream: isShortened });
}

const utf8 = new TextDecoder();

function decoderOf(charset: string) {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** As an object, so that its fields are redacted by their names. */
function formText(text: string): string {
  const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (typeof before === 'string') fields[name] = [before, value];
    else before.push(value);
  }
  return JSON.stringify(fields);
}
