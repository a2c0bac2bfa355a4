import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The slice of a stream of an http2 server that is used. */
export interface Http2Stream extends EventEmitter {
  readonly headersSent: boolean;
  readonly sentHeaders?: Readonly<Record<string, unknown>>;
  readonly sentTrailers?: Readonly<Record<string, unknown>>;
  readonly aborted: boolean;
  readonly rstCode: number;
  readonly endAfterHeaders: boolean;
  readonly readableEnded: boolean;
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  readonly errored?: Error | null;
  readonly session?: { readonly socket?: { readonly remoteAddress?: string; readonly remotePort?: number } };
}

export type Http2Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A stream as a request and its answer, for those who look on. */
export interface StreamExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Shows a stream, as a service takes it from the event `stream`, as the request and the answer that it is. */
export function streamExchange(stream: Http2Stream, headers: Http2Headers): StreamExchange {
  const { remoteAddress, remotePort } = stream.session?.socket ?? {};
  const request = {
    method: headers[':method'],
    url: headers[':path'],
    headers,
    httpVersion: '2.0',
    httpVersionMajor: 2,
    socket: { remoteAddress, remotePort },
    get complete() {
      return stream.endAfterHeaders || stream.readableEnded;
    },
  };
  return {
    request: beside(stream, request) as unknown as IncomingMessage,
    response: beside(stream, answerOf(stream)) as unknown as ServerResponse,
  };
}

function answerOf(stream: Http2Stream): object {
  return {
    get statusCode() {
      return Number(stream.sentHeaders?.[':status'] ?? 200);
    },
    getHeader: (name: string) => stream.sentHeaders?.[name],
    setHeader: (name: string, value: string) => addHeader(stream, name.toLowerCase(), value),
    stream: {
      get aborted() {
        return stream.aborted || stream.rstCode !== 0;
      },
      get sentHeaders() {
        return stream.sentHeaders;
      },
      get sentTrailers() {
        return stream.sentTrailers;
      },
    },
  };
}

/** Everything that is not among the members of its own is that of the stream, and what is put on it is put on the stream. */
function beside(stream: Http2Stream, own: object): object {
  return new Proxy(own, {
    get: (target, name) => (name in target ? Reflect.get(target, name) : Reflect.get(stream, name, stream)),
    defineProperty: (_, name, descriptor) => Reflect.defineProperty(stream, name, descriptor),
  });
}

type Respond = (this: unknown, ...args: unknown[]) => unknown;

/** Where the headers of an answer stand among the arguments of what sends them. */
const senders: Readonly<Record<string, number>> = { respond: 0, respondWithFile: 1, respondWithFD: 1 };

/** Adds a header to those that the service will send, unless it sends one of that name. Node.js copies what it is given, as is done here. */
function addHeader(stream: Http2Stream, name: string, value: string): void {
  for (const [method, index] of Object.entries(senders)) {
    const original = Reflect.get(stream, method) as Respond;
    const send: Respond = function (...args) {
      args[index] = withHeader(args[index], name, value);
      return original.apply(this, args);
    };
    Object.defineProperty(stream, method, { value: send, writable: true, configurable: true, enumerable: false });
  }
}

function withHeader(given: unknown, name: string, value: string): unknown {
  // A list of names and values, and mistakes, for which Node.js has words of its own.
  if (Array.isArray(given))
    return given.some((one) => String(one).toLowerCase() === name) ? given : [...given, name, value];
  if (given !== undefined && (typeof given !== 'object' || given === null)) return given;
  const names = Object.keys(given ?? {});
  return names.some((one) => one.toLowerCase() === name) ? given : { ...given, [name]: value };
}
