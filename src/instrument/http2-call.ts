import type { EventEmitter } from 'node:events';
import { type Attributes, diag, type Span, SpanStatusCode } from '@opentelemetry/api';
import { giveRequestFacts } from '../recording/request-facts.ts';
import { attribute } from '../telemetry/conventions.ts';
import { cancellationOf, createGrpcCall, type GrpcCall } from './grpc-call.ts';
import { type GrpcStatus, grpcReason, statusIn } from './grpc-status.ts';
import { isStandardMethod, otherMethod, splitHost, standardPorts } from './http-attributes.ts';
import { headerIn, type RequestHeaders } from './http2-headers.ts';
import { resetCancelled, type StreamEnd } from './stream-end.ts';

export type { RequestHeaders } from './http2-headers.ts';

/** The slice of a stream of an http2 client that is used. */
export interface ClientStream extends EventEmitter {
  readonly sentHeaders?: RequestHeaders;
  readonly rstCode: number | undefined;
  readonly session?: {
    readonly socket?: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined };
  };
}

type Emit = (this: unknown, ...args: unknown[]) => boolean;

/** One request that goes out over http2, from its stream to the end of that. */
export class Http2Call {
  readonly #span: Span;
  readonly #stream: ClientStream;
  readonly #grpc: GrpcCall | undefined;
  #status: number | undefined;
  #error: unknown;
  #hasEnded = false;
  #isOver = false;

  constructor(span: Span, stream: ClientStream) {
    this.#span = span;
    this.#stream = stream;
    const headers = stream.sentHeaders;
    span.setAttributes(attributesOf(headers));
    span.updateName(isStandardMethod(methodOf(headers)) ? methodOf(headers) : 'HTTP');
    this.#grpc = createGrpcCall(span, headers, stream);
    watchEvents(stream, this.#onEvent.bind(this));
  }

  #onEvent(event: unknown, argument: unknown): void {
    if (event === 'response') this.#answered(argument as RequestHeaders);
    else if (event === 'trailers') this.#grpc?.told(argument as RequestHeaders);
    // One that is cancelled ends as well.
    else if (event === 'end') this.#hasEnded = !this.#stream.rstCode;
    else if (event === 'error') this.#error = argument;
    else if (event === 'close') this.#finish();
  }

  #answered(headers: RequestHeaders): void {
    this.#status = Number(headerIn(headers, ':status'));
    this.#span.setAttributes(answerAttributes(this.#stream, headers));
    this.#grpc?.told(headers);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const end = {
      status: this.#status,
      error: this.#error,
      resetCode: this.#stream.rstCode ?? 0,
      isComplete: this.#hasEnded,
    };
    if (this.#error !== undefined) recordError(this.#span, this.#error);
    if (this.#grpc !== undefined) this.#grpc.finish(end);
    else tellOutcome(this.#span, end);
    this.#span.end();
  }
}

/** Tells the span that another instrumentation has made of a call which request that was, and how it was answered: so it has a row. */
export function describeRequest(span: Span, stream: ClientStream): void {
  span.setAttributes(attributesOf(stream.sentHeaders));
  let status: number | undefined;
  let sent: GrpcStatus | undefined;
  giveRequestFacts(span, () => {
    const told = sent ?? cancellationOf(stream);
    return { status, reason: told && grpcReason(told) };
  });
  watchEvents(stream, (event, argument) => {
    if ((event !== 'response' && event !== 'trailers') || !span.isRecording()) return;
    sent ??= statusIn(argument as Readonly<Record<string, unknown>>);
    if (event === 'trailers') return;
    status = Number(headerIn(argument as RequestHeaders, ':status'));
    span.setAttributes(answerAttributes(stream, argument as RequestHeaders));
  });
}

/** No listener is added: one for `error` would keep an error from being thrown, and programs count. */
function watchEvents(stream: ClientStream, onEvent: (event: unknown, argument: unknown) => void): void {
  const { emit } = stream;
  const emitSeen: Emit = function (...args) {
    try {
      onEvent(args[0], args[1]);
    } catch (error) {
      diag.warn('A request over http2 could not be looked at.', error);
    }
    return (emit as Emit).apply(this, args);
  };
  Object.defineProperty(stream, 'emit', { value: emitSeen, writable: true, configurable: true, enumerable: false });
}

function answerAttributes(stream: ClientStream, headers: RequestHeaders): Attributes {
  const { remoteAddress, remotePort } = peerOf(stream);
  return {
    'http.response.status_code': Number(headerIn(headers, ':status')),
    ...(remoteAddress !== undefined && { 'network.peer.address': remoteAddress }),
    ...(remotePort !== undefined && { 'network.peer.port': remotePort }),
  };
}

type Peer = NonNullable<NonNullable<ClientStream['session']>['socket']>;

/** The socket of a session that has lost it throws. */
function peerOf({ session }: ClientStream): Peer {
  try {
    const { remoteAddress, remotePort } = session?.socket ?? {};
    return { remoteAddress, remotePort };
  } catch {
    return {};
  }
}

/** By the conventions for HTTP clients, for which 4xx is an error as well. */
function tellOutcome(span: Span, { status, error, resetCode, isComplete }: StreamEnd): void {
  if (error !== undefined) return;
  if (status !== undefined && status >= 400) {
    span.setAttribute(attribute.errorType, String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  } else if (status === undefined || (resetCode !== 0 && !isComplete)) {
    const message =
      resetCode === resetCancelled
        ? 'The request was cancelled.'
        : 'The stream was closed before the answer was complete.';
    span.setAttribute(attribute.errorType, 'aborted');
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
}

/** What the program is told of a request that failed. */
export function recordError(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  span.recordException(error);
  span.setAttribute(attribute.errorType, code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

function methodOf(headers: RequestHeaders | undefined): string {
  return headerIn(headers, ':method') ?? 'GET';
}

function attributesOf(headers: RequestHeaders | undefined): Attributes {
  const scheme = headerIn(headers, ':scheme') ?? 'http';
  const authority = headerIn(headers, ':authority') ?? headerIn(headers, 'host') ?? '';
  const [host, port] = splitHost(authority);
  const number = port === undefined ? standardPorts[scheme] : Number(port);
  const method = methodOf(headers);
  const isKnown = isStandardMethod(method);
  return {
    'http.request.method': isKnown ? method : otherMethod,
    ...(!isKnown && { 'http.request.method_original': method }),
    'url.full': `${scheme}://${authority}${headerIn(headers, ':path') ?? '/'}`,
    'server.address': host,
    ...(number !== undefined && { 'server.port': number }),
    'network.protocol.version': '2',
  };
}
