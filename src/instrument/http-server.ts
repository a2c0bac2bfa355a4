import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Attributes,
  type Context,
  context,
  createNoopMeter,
  diag,
  type Histogram,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { RPCType } from '@opentelemetry/core';
import { scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';
import type { ClientAddress } from './client-address.ts';
import { type EventOwner, isOwnable, isOwned, ownEvents } from './event-context.ts';
import { routeOfRequest, type ServedMetadata } from './framework-request.ts';
import { forEachAspect } from './http.ts';
import { type HttpScheme, otherMethod, requestAttributes } from './http-attributes.ts';
import { type Http2Headers, type Http2Stream, streamExchange } from './http2-stream.ts';
import { RequestContext } from './request-context.ts';
import { statusSent } from './request-outcome.ts';
import { ifUncaught } from './uncaught-error.ts';

type Emit = (this: unknown, ...args: unknown[]) => boolean;

/** A class of servers. */
export interface ServerClass {
  emit: Emit;
}

/** Events that announce a request. The last two do so instead of the first, and may be followed by it. */
const announcing: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);

/**
 * Makes a span of each request that the servers of this process are asked, and a context in which it is served. What
 * `@opentelemetry/instrumentation-http` does, at a third of its cost: it binds listeners one by one and reads addresses as URLs.
 */
export class HttpServers {
  readonly #clientAddress: ClientAddress;
  readonly #knownMethods: ReadonlySet<string> | undefined;
  /** `undefined` where nobody reads it. */
  readonly #duration: Histogram | undefined;
  #tracer: Tracer;
  /** Whether samplers and processors are our own, which look at no attribute of a request before it ends. */
  #isOurs = true;

  /** @param knownMethods methods that are told by their name; default: those of the conventions */
  constructor(clientAddress: ClientAddress, knownMethods?: readonly string[]) {
    this.#clientAddress = clientAddress;
    this.#knownMethods = knownMethods === undefined ? undefined : new Set(knownMethods);
    this.#tracer = trace.getTracer(scopeName, scopeVersion);
    const duration = metrics.getMeter(scopeName, scopeVersion).createHistogram('http.server.request.duration', {
      description: 'Duration of HTTP server requests.',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] },
    });
    this.#duration = duration === createNoopMeter().createHistogram('') ? undefined : duration;
  }

  /** Makes the spans from now on with another provider. */
  follow(provider: TracerProvider): void {
    this.#tracer = provider.getTracer(scopeName, scopeVersion);
    this.#isOurs = false;
  }

  /** Sees the requests that the servers of a class announce. */
  watch(servers: ServerClass, scheme: HttpScheme): void {
    const { emit } = servers;
    const begin = this.#begin.bind(this);
    Object.defineProperty(servers, 'emit', {
      value: function emitSeen(this: unknown, ...args: unknown[]): boolean {
        if (!announcing.has(args[0])) return emit.apply(this, args);
        const served = begin(args[1] as IncomingMessage, args[2] as ServerResponse, scheme);
        return served === undefined ? emit.apply(this, args) : served.announce(emit, this, args);
      },
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }

  /** Sees the streams that http2 servers of a class announce, where the service takes these instead of requests. */
  watchStreams(servers: ServerClass, scheme: HttpScheme): void {
    const { emit } = servers;
    const begin = (stream: Http2Stream, headers: Http2Headers) => {
      const { request, response } = streamExchange(stream, headers);
      return this.#begin(request, response, scheme, stream, stream);
    };
    Object.defineProperty(servers, 'emit', {
      value: function emitSeen(this: EventEmitter, ...args: unknown[]): boolean {
        const headers = args[2] as Http2Headers | undefined;
        if (args[0] !== 'stream' || headers?.[':method'] === 'CONNECT' || this.listenerCount('request') > 0) {
          return emit.apply(this, args);
        }
        const served = begin(args[1] as Http2Stream, headers ?? {});
        return served === undefined ? emit.apply(this, args) : served.announce(emit, this, args);
      },
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }

  /**
   * `undefined` where it cannot be seen: that is nothing which the service is to feel.
   * @param asked what has the events of the request @param answering what has those of the answer
   */
  #begin(
    request: IncomingMessage,
    response: ServerResponse,
    scheme: HttpScheme,
    asked: EventEmitter = request,
    answering: EventEmitter = response,
  ): ServedRequest | undefined {
    try {
      if (isOwned(asked) || !isOwnable(asked) || !isOwnable(answering)) return undefined;
      const attributes = requestAttributes(request, scheme, this.#knownMethods);
      const client = this.#clientAddress(request.socket?.remoteAddress, request.headers);
      if (client !== undefined) attributes['client.address'] = client;
      const parent = propagation.extract(ROOT_CONTEXT, request.headers);
      const span = this.#startSpan(nameOf(attributes), attributes, parent);
      const served = new ServedRequest({ request, response, span, parent, attributes, duration: this.#duration });
      ownEvents(asked, answering, served);
      return served;
    } catch (error) {
      diag.warn('A request could not be seen.', error);
      return undefined;
    }
  }

  /** Attributes that are there when a span starts are copied three times: for the sampler, behind the sampler, and into the span. */
  #startSpan(name: string, attributes: Attributes, parent: Context): Span {
    if (!this.#isOurs) return this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    return this.#tracer.startSpan(name, server, parent).setAttributes(attributes);
  }
}

const server = { kind: SpanKind.SERVER };

/** The method, as the conventions name spans; a method that nobody knows may be anything. */
function nameOf(attributes: Attributes): string {
  const method = attributes['http.request.method'];
  return typeof method !== 'string' || method === otherMethod ? 'HTTP' : method;
}

/** What the span of a request, which has ended, says of its error. The API does not show it. */
function errorOf(span: Span & { readonly attributes?: Attributes }): unknown {
  return span.attributes?.['error.type'];
}

interface ServedParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly span: Span;
  readonly parent: Context;
  readonly attributes: Attributes;
  readonly duration: Histogram | undefined;
}

/** One request, from its announcement to the end of its answer. */
class ServedRequest implements EventOwner {
  readonly context: Context;
  readonly #parts: ServedParts;
  readonly #startedAt: number;
  /** Where frameworks leave the route. */
  readonly #metadata: ServedMetadata;
  #isOver = false;
  #isFailed = false;

  constructor(parts: ServedParts) {
    this.#parts = parts;
    this.#startedAt = parts.duration === undefined ? 0 : performance.now();
    this.#metadata = { type: RPCType.HTTP, span: parts.span, request: parts.request };
    this.context = new RequestContext(parts.parent, parts.span, this.#metadata);
  }

  /** Lets the server tell its listeners, who serve the request. */
  announce(emit: Emit, server: unknown, args: unknown[]): boolean {
    return context.with(this.context, () => {
      const { span, request, response } = this.#parts;
      forEachAspect((aspect) => aspect.incoming?.(span, request, response));
      let isThrown = true;
      try {
        const isHeard = emit.apply(server, args);
        isThrown = false;
        return isHeard;
      } finally {
        if (isThrown) this.#endIfUncaught();
      }
    });
  }

  /** Who catches the error answers in another way. */
  #endIfUncaught(): void {
    ifUncaught((error) => {
      this.#failed(error);
      this.#finish();
    });
  }

  onAnswerEvent(event: unknown, argument: unknown): void {
    if (event === 'close') this.#finish();
    else if (event === 'error') this.#failed(argument);
  }

  #failed(error: unknown): void {
    const { span } = this.#parts;
    if (this.#isOver || this.#isFailed) return;
    this.#isFailed = true;
    const told = error instanceof Error ? error : new Error(String(error));
    span.recordException(told);
    span.setAttribute('error.type', told.name);
    span.setStatus({ code: SpanStatusCode.ERROR, message: told.message });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#metadata.request = undefined;
    const { span, request, response } = this.#parts;
    if (!span.isRecording()) return;
    const status = statusSent(response);
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    if (status !== undefined && status >= 500 && !this.#isFailed) {
      span.setAttribute('error.type', String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    const route = routeOfRequest(request, this.#metadata.route);
    if (route !== undefined) {
      this.#metadata.route = route;
      span.setAttribute('http.route', route);
      span.updateName(`${nameOf(this.#parts.attributes)} ${route}`);
    }
    forEachAspect((aspect) => aspect.answered?.(span, request, response));
    span.end();
    if (this.#parts.duration !== undefined) this.#measure(this.#parts.duration, status, errorOf(span));
  }

  #measure(duration: Histogram, status: number | undefined, error: unknown): void {
    const { attributes: known } = this.#parts;
    const attributes: Attributes = {};
    for (const name of measured) attributes[name] = known[name];
    if (status !== undefined) attributes['http.response.status_code'] = status;
    if (typeof error === 'string') attributes['error.type'] = error;
    if (this.#metadata.route !== undefined) attributes['http.route'] = this.#metadata.route;
    duration.record((performance.now() - this.#startedAt) / 1000, attributes, this.context);
  }
}

/** Few, and with few values each: every combination is a series. */
const measured = ['http.request.method', 'url.scheme', 'network.protocol.version'] as const;
