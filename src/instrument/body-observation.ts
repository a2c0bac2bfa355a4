import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTap, type SeenBody } from './body-tap.ts';
import { isPlainText, isTextual } from './body-text.ts';

/** What went past. */
export interface ObservedBody {
  seen(): SeenBody | undefined;
}

interface Observation {
  readonly maxBytes: number;
}

/**
 * Looks at the body of a request while the parser hands it to the stream. The stream is not read, so whether, when and how the service
 * reads it is left to the service.
 */
export function observeRequestBody(request: IncomingMessage, { maxBytes }: Observation): ObservedBody | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers;
  if (!isTextual(type)) return undefined;
  const isPlain = length !== undefined && isPlainText({ type, encoding });
  const tap = new BodyTap(maxBytes, isPlain ? Number(length) : undefined);
  const push = request.push;
  put(request, 'push', function observedPush(this: IncomingMessage, ...args: Parameters<typeof push>) {
    tap.take(args[0], args[1]);
    return push.apply(this, args);
  });
  return tap;
}

/**
 * Looks at the body of an answer while it is written. Arguments, results and errors are those of the response itself, whatever wraps it
 * later. The type of the content is looked up after the first write, when the head is final.
 */
export function observeResponseBody(response: ServerResponse, { maxBytes }: Observation): ObservedBody {
  const tap = new BodyTap(maxBytes);
  const state = { isInside: false, isWanted: undefined as boolean | undefined };
  for (const name of ['write', 'end'] as const) {
    const original = response[name] as Method;
    put(response, name, function observed(this: ServerResponse, ...args: unknown[]) {
      // Where `end` is made of `write`, as in http2, the chunk is the same.
      if (state.isInside || state.isWanted === false) return original.apply(this, args);
      state.isInside = true;
      try {
        const result = original.apply(this, args);
        state.isWanted ??= isTextual(headOf(response, 'content-type'));
        if (state.isWanted) tap.take(args[0], args[1]);
        return result;
      } finally {
        state.isInside = false;
      }
    });
  }
  return tap;
}

type Method = (this: ServerResponse, ...args: unknown[]) => unknown;

/** Hidden from those who list members, and open to those who wrap it themselves. */
function put(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

/** The head as it was written, which `writeHead` may have been given apart from the headers that were set. */
interface WrittenHead {
  readonly _header?: unknown;
}

/** A header of an answer, sent or set. */
export function headOf(response: ServerResponse, name: string): string | undefined {
  const { _header: head } = response as WrittenHead;
  const value = response.getHeader(name);
  // What was given to `writeHead` is set as well where there are headers that were set before, so what is set is what was sent.
  if (typeof value === 'string') return value.trim();
  if (typeof head !== 'string') return value === undefined ? undefined : String(value);
  if (value === undefined && response.getHeaderNames().length > 0) return undefined;
  return lineOf(name).exec(head)?.[1]?.trim();
}

const lines = new Map<string, RegExp>();

/** The first line of a header, behind the line of the status. */
function lineOf(name: string): RegExp {
  const known = lines.get(name);
  if (known !== undefined) return known;
  const line = new RegExp(`\\r\\n${name}:([^\\r]*)`, 'i');
  lines.set(name, line);
  return line;
}
