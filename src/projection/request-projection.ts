import { maxLength, type ProjectionContext, toId, toInteger, toName, toText, toTime } from './attribute-values.ts';
import { idsOf } from './identity-projection.ts';
import type { RecordIds, RequestRecord } from './record.ts';
import type { SourceAttributes, SpanSource } from './span-source.ts';

/** Which requests make records. */
export interface RequestOptions {
  /** Requests that the host makes, too; default only those it serves. */
  readonly outbound?: boolean;
  /** What is known of the request besides its span. */
  readonly facts?: RequestFacts | undefined;
}

/** What whoever saw the request itself knows better than its span, and what does not belong on a span. */
export interface RequestFacts {
  /** Headers that may be kept. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** JSON text or other text. */
  readonly requestBody?: string | undefined;
  readonly responseBody?: string | undefined;
  /** `undefined`: no status was sent. */
  readonly status: number | undefined;
  readonly userId?: string | undefined;
  /** Why it did not end as a request should. */
  readonly reason?: string | undefined;
}

/**
 * The record of an HTTP request, from the attributes of OpenTelemetry's HTTP conventions (1.45; the names before 1.23 are
 * read too), or `undefined` for any other span.
 */
export function projectRequest(
  span: SpanSource,
  context: ProjectionContext,
  options: RequestOptions = {},
): RequestRecord | undefined {
  const direction = directionOf(span, options);
  if (direction === undefined) return undefined;
  const { attributes } = span;
  const { sanitizer } = context;
  const method = toName(first(attributes, 'http.request.method', 'http.method'), sanitizer);
  if (method === undefined) return undefined;
  const startAt = toTime(span.startAt, 0);
  return {
    type: 'request',
    at: startAt,
    traceId: span.traceId,
    spanId: span.spanId,
    ...requestIds(span, context, options.facts),
    direction,
    method,
    endpoint: endpointOf(attributes, direction, context) ?? '',
    ...exchangeOf(attributes, direction, { ...context, facts: options.facts }),
    durationMillis: Math.max(0, toTime(span.endAt, startAt) - startAt) / 1_000,
    ...reasonOf(span, context, options.facts),
  };
}

function directionOf(span: SpanSource, options: RequestOptions): RequestRecord['direction'] | undefined {
  if (span.kind === 'server') return 'inbound';
  return span.kind === 'client' && options.outbound === true ? 'outbound' : undefined;
}

function requestIds(
  span: SpanSource,
  context: ProjectionContext,
  facts: RequestFacts | undefined,
): Omit<RecordIds, 'traceId' | 'spanId'> {
  const ids = idsOf(span.attributes, span.service, context);
  const userId = ids.userId ?? toId(span.attributes['enduser.id'] ?? facts?.userId, context.sanitizer);
  return userId === undefined ? ids : { ...ids, userId };
}

/** A status of 500 speaks for itself; an error that has a message is told. */
function reasonOf(
  { status, statusMessage }: SpanSource,
  { sanitizer }: ProjectionContext,
  facts: RequestFacts | undefined,
): Pick<RequestRecord, 'reason'> {
  const said = status === 'error' ? statusMessage : undefined;
  const reason = toText(facts?.reason ?? said, maxLength.path, sanitizer);
  return reason === undefined ? {} : { reason };
}

function first(attributes: SourceAttributes, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = attributes[name];
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

/** The path; for outbound requests with the server in front of it. Queries are no part of an endpoint. */
function endpointOf(
  attributes: SourceAttributes,
  direction: RequestRecord['direction'],
  context: ProjectionContext,
): string | undefined {
  const inbound = direction === 'inbound';
  const source = inbound
    ? first(attributes, 'url.path', 'http.target', 'url.full', 'http.url')
    : first(attributes, 'url.full', 'http.url', 'url.path', 'http.target');
  const text = toText(source, maxLength.path, context.sanitizer)?.replace(/[?#].*$/s, '');
  return inbound ? text?.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '') || text : text;
}

type Exchange = Pick<
  RequestRecord,
  'route' | 'requestHeader' | 'requestBody' | 'responseStatus' | 'responseBody' | 'ipAddress'
>;

interface FactsContext extends ProjectionContext {
  readonly facts: RequestFacts | undefined;
}

function exchangeOf(
  attributes: SourceAttributes,
  direction: RequestRecord['direction'],
  context: FactsContext,
): Exchange {
  const { sanitizer, facts } = context;
  const route = toText(first(attributes, 'http.route', 'url.template'), maxLength.path, sanitizer);
  const requestHeader = headersOf(attributes, context);
  const requestBody = bodyOf(facts?.requestBody ?? attributes['http.request.body.content'], context);
  const responseStatus = statusOf(attributes, facts);
  const responseBody = bodyOf(facts?.responseBody ?? attributes['http.response.body.content'], context);
  const ipAddress = toText(peerOf(attributes, direction), maxLength.name, sanitizer);
  return {
    ...(route !== undefined && { route }),
    ...(requestHeader !== undefined && { requestHeader }),
    ...(requestBody !== undefined && { requestBody }),
    ...(responseStatus !== undefined && { responseStatus }),
    ...(responseBody !== undefined && { responseBody }),
    ...(ipAddress !== undefined && { ipAddress }),
  };
}

/** Those who make spans take the status that was prepared for one that was sent. */
function statusOf(attributes: SourceAttributes, facts: RequestFacts | undefined): number | undefined {
  if (facts !== undefined) return facts.status;
  return toInteger(first(attributes, 'http.response.status_code', 'http.status_code'));
}

function peerOf(attributes: SourceAttributes, direction: RequestRecord['direction']): unknown {
  return direction === 'inbound'
    ? first(attributes, 'client.address', 'http.client_ip', 'network.peer.address', 'net.peer.ip')
    : first(attributes, 'network.peer.address', 'net.peer.ip');
}

const headerPrefix = 'http.request.header.';

/** Headers that the instrumentation was told to capture, as one object; a header with one value as that value. */
function headersOf(attributes: SourceAttributes, { facts, sanitizer }: FactsContext): string | undefined {
  let headers: Record<string, unknown> | undefined;
  for (const name in facts?.headers) {
    headers ??= Object.create(null) as Record<string, unknown>;
    headers[name] = facts.headers[name];
  }
  for (const name in attributes) {
    if (!name.startsWith(headerPrefix)) continue;
    headers ??= Object.create(null) as Record<string, unknown>;
    const value = attributes[name];
    headers[name.slice(headerPrefix.length)] = Array.isArray(value) && value.length === 1 ? value[0] : value;
  }
  return headers === undefined ? undefined : sanitizer.json(headers);
}

/** A body that is JSON is kept as such; any other is text. */
function bodyOf(value: unknown, context: ProjectionContext): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' && /^\s*[[{"]/.test(value)
    ? context.sanitizer.jsonText(value)
    : context.sanitizer.json(value);
}
