import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTap, type SeenBody } from './body-tap.ts';
import { isPlainText, isTextual } from './body-text.ts';
import { type Method, SeenMethod } from './seen-method.ts';

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
  pushes.see(request, tap);
  return tap;
}

const pushes = new SeenMethod<BodyTap>('push', (tap, self, original, args) => {
  tap.take(args[0], args[1]);
  return original.apply(self, args);
});

/**
 * Looks at the body of an answer while it is written. Arguments, results and errors are those of the response itself, whatever wraps it
 * later. The type of the content is looked up after the first write, when the head is final.
 */
export function observeResponseBody(response: ServerResponse, { maxBytes }: Observation): ObservedBody {
  const body = new WrittenBody(response, new BodyTap(maxBytes));
  for (const method of writes) method.see(response, body);
  return body;
}

class WrittenBody implements ObservedBody {
  readonly #response: ServerResponse;
  readonly #tap: BodyTap;
  #isInside = false;
  #isWanted: boolean | undefined;

  constructor(response: ServerResponse, tap: BodyTap) {
    this.#response = response;
    this.#tap = tap;
  }

  seen(): SeenBody | undefined {
    return this.#tap.seen();
  }

  /** Where `end` is made of `write`, as in http2, the chunk is the same. */
  pass(self: unknown, original: Method, args: unknown[]): unknown {
    if (this.#isInside || this.#isWanted === false) return original.apply(self, args);
    this.#isInside = true;
    try {
      const result = original.apply(self, args);
      this.#isWanted ??= isTextual(headOf(this.#response, 'content-type'));
      if (this.#isWanted) this.#tap.take(args[0], args[1]);
      return result;
    } finally {
      this.#isInside = false;
    }
  }
}

const writes = ['write', 'end'].map(
  (name) => new SeenMethod<WrittenBody>(name, (body, self, original, args) => body.pass(self, original, args)),
);

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
  if (value === undefined && hasSetHeaders(response)) return undefined;
  return lineOf(name).exec(head)?.[1]?.trim();
}

/** The type of the content is set more often than not, and to ask for one is cheaper than to list all. */
function hasSetHeaders(response: ServerResponse): boolean {
  return response.getHeader('content-type') !== undefined || response.getHeaderNames().length > 0;
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
