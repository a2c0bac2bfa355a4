/** How an object is written: as a list, as a record, as entries of a map, or as another value in its place. */
export type PlainForm =
  | { readonly type: 'list'; readonly list: ArrayLike<unknown> }
  | { readonly type: 'record'; readonly record: Readonly<Record<string, unknown>> }
  | { readonly type: 'entries'; readonly entries: Iterable<readonly [unknown, unknown]> }
  | { readonly type: 'value'; readonly value: unknown };

const longestBytes = 1024;

/** Chooses the form of an object. May throw, as reading a proxy may. */
export function plainForm(value: object): PlainForm {
  if (Array.isArray(value)) return { type: 'list', list: value };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return ownForm(value);
  if (value instanceof Date) return { type: 'value', value: dateText(value) };
  if (value instanceof Error) return { type: 'record', record: errorRecord(value) };
  if (value instanceof Map) return { type: 'entries', entries: value };
  if (value instanceof Set) return { type: 'list', list: [...value] };
  if (value instanceof RegExp) return { type: 'value', value: String(value) };
  if (value instanceof URL) return { type: 'value', value: value.href };
  if (value instanceof URLSearchParams || value instanceof Headers) return { type: 'entries', entries: value };
  if (value instanceof ArrayBuffer) return { type: 'value', value: bytesText(new Uint8Array(value)) };
  if (value instanceof Uint8Array) return { type: 'value', value: bytesText(value) };
  if (value instanceof DataView) return { type: 'value', value: `[${value.byteLength} bytes]` };
  if (ArrayBuffer.isView(value)) return { type: 'list', list: value as unknown as ArrayLike<unknown> };
  if (value instanceof Number || value instanceof String || value instanceof Boolean) {
    return { type: 'value', value: value.valueOf() };
  }
  return ownForm(value);
}

function ownForm(value: object): PlainForm {
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== 'function') return { type: 'record', record: value as Readonly<Record<string, unknown>> };
  const replaced: unknown = toJSON.call(value, '');
  return replaced === value ? { type: 'record', record: withoutToJson(value) } : { type: 'value', value: replaced };
}

function withoutToJson(value: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'toJSON'));
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString();
}

/** An error with what JSON leaves out: name, message, stack, code and cause. */
function errorRecord(error: Error): Readonly<Record<string, unknown>> {
  const cause = error.cause === undefined ? {} : { cause: error.cause };
  const errors = error instanceof AggregateError ? { errors: error.errors } : {};
  return Object.assign({ name: error.name, message: error.message }, error, { stack: error.stack }, cause, errors);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Control characters other than white space. */
const unreadable = /[^\P{Cc}\s]/u;

/** Bytes that are readable text become that text, so that secrets in it are seen; others base64, long ones their size. */
function bytesText(bytes: Uint8Array): string {
  if (bytes.byteLength > longestBytes) return `[${bytes.byteLength} bytes]`;
  const base64 = (): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  try {
    const text = utf8.decode(bytes);
    return unreadable.test(text) ? base64() : text;
  } catch {
    return base64();
  }
}
