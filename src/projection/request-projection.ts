import type { Sanitizer } from '../storable/sanitizer.ts';
import { maxLength, type ProjectionContext, toId, toInteger, toName, toText, toTime } from './attribute-values.ts';
import { headersText } from './headers-text.ts';
import { readIds } from './identity-projection.ts';
import type { RequestRecord } from './record.ts';
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
  readonly headers?: Readonly<Record<string, unknown>>;
  /** The names of those that may be kept, in the order in which they are; without them all may. */
  readonly headerNames?: readonly string[];
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
  const method = toName(methodOf(attributes), context.sanitizer);
  if (method === undefined) return undefined;
  const record = createRequestDraft(toTime(span.startAt, 0), direction, method);
  record.traceId = span.traceId;
  record.spanId = span.spanId;
  readRequestIds(record, span, context, options.facts);
  record.endpoint = endpointOf(attributes, direction, context) ?? '';
  record.durationMillis = Math.max(0, toTime(span.endAt, record.at) - record.at) / 1_000;
  readExchange(record, attributes, context.sanitizer, options.facts);
  record.reason = reasonOf(span, context, options.facts);
  return record as RequestRecord;
}

/** A method that the conventions do not know stands beside `_OTHER`. */
function methodOf(attributes: SpanSource['attributes']): unknown {
  const method = attributes['http.request.method'] || attributes['http.method'];
  return method === '_OTHER' ? attributes['http.request.method_original'] || method : method;
}

type RequestDraft = { -readonly [K in keyof RequestRecord]: RequestRecord[K] | undefined } & {
  at: number;
};

/** A draft in which every field has its place already, as `createEventDraft` makes one, and for the same reason. */
function createRequestDraft(at: number, direction: RequestRecord['direction'], method: string): RequestDraft {
  return {
    type: 'request',
    at,
    traceId: undefined,
    spanId: undefined,
    sessionId: undefined,
    itemId: undefined,
    correlationId: undefined,
    requestId: undefined,
    taskId: undefined,
    userId: undefined,
    service: undefined,
    direction,
    method,
    endpoint: undefined,
    route: undefined,
    requestHeader: undefined,
    requestBody: undefined,
    responseStatus: undefined,
    responseBody: undefined,
    durationMillis: undefined,
    ipAddress: undefined,
    reason: undefined,
  };
}

function directionOf(span: SpanSource, options: RequestOptions): RequestRecord['direction'] | undefined {
  if (span.kind === 'server') return 'inbound';
  return span.kind === 'client' && options.outbound === true ? 'outbound' : undefined;
}

function readRequestIds(
  record: RequestDraft,
  { attributes, service, traceId }: SpanSource,
  context: ProjectionContext,
  facts: RequestFacts | undefined,
): void {
  readIds(record, attributes, service, context, traceId);
  const userId = record.userId ?? attributes['enduser.id'] ?? facts?.userId;
  if (userId !== record.userId) record.userId = toId(userId, context.sanitizer);
}

/** A status of 500 speaks for itself; an error that has a message is told. */
function reasonOf(
  { status, statusMessage }: SpanSource,
  { sanitizer }: ProjectionContext,
  facts: RequestFacts | undefined,
): string | undefined {
  return toText(facts?.reason ?? (status === 'error' ? statusMessage : undefined), maxLength.path, sanitizer);
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
  { sanitizer }: ProjectionContext,
): string | undefined {
  if (direction === 'outbound') {
    const source = first(attributes, 'url.full', 'http.url', 'url.path', 'http.target');
    return withoutQuery(toText(source, maxLength.path, sanitizer));
  }
  const source = attributes['url.path'] || first(attributes, 'http.target', 'url.full', 'http.url');
  const text = withoutQuery(toText(source, maxLength.path, sanitizer));
  return text?.startsWith('/') === false ? text.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '') || text : text;
}

function withoutQuery(text: string | undefined): string | undefined {
  return text !== undefined && (text.includes('?') || text.includes('#')) ? text.replace(/[?#].*$/s, '') : text;
}

function readExchange(
  record: RequestDraft,
  attributes: SourceAttributes,
  sanitizer: Sanitizer,
  facts: RequestFacts | undefined,
): void {
  record.route = toShortText(attributes['http.route'] || attributes['url.template'], sanitizer);
  record.requestHeader = headersOf(attributes, facts, sanitizer);
  record.requestBody = bodyOf(facts?.requestBody ?? attributes['http.request.body.content'], sanitizer);
  record.responseStatus = statusOf(attributes, facts);
  record.responseBody = bodyOf(facts?.responseBody ?? attributes['http.response.body.content'], sanitizer);
  record.ipAddress = toShortText(peerOf(attributes, record.direction), sanitizer);
}

/** As a name where it is as short as names are: those are remembered. */
function toShortText(value: unknown, sanitizer: Sanitizer): string | undefined {
  return typeof value === 'string' && value.length <= maxLength.name
    ? toName(value, sanitizer)
    : toText(value, maxLength.path, sanitizer);
}

/** Those who make spans take the status that was prepared for one that was sent. */
function statusOf(attributes: SourceAttributes, facts: RequestFacts | undefined): number | undefined {
  if (facts !== undefined) return facts.status;
  return toInteger(first(attributes, 'http.response.status_code', 'http.status_code'));
}

function peerOf(attributes: SourceAttributes, direction: RequestDraft['direction']): unknown {
  return direction === 'inbound'
    ? attributes['client.address'] ||
        first(attributes, 'client.address', 'http.client_ip', 'network.peer.address', 'net.peer.ip')
    : first(attributes, 'network.peer.address', 'net.peer.ip');
}

const headerPrefix = 'http.request.header.';

/** Headers that the instrumentation was told to capture, as one object; a header with one value as that value. */
function headersOf(
  attributes: SourceAttributes,
  facts: RequestFacts | undefined,
  sanitizer: Sanitizer,
): string | undefined {
  let captured: Record<string, unknown> | undefined;
  for (const name in attributes) {
    if (!name.startsWith(headerPrefix)) continue;
    const value = attributes[name];
    captured ??= { ...keptHeaders(facts) };
    captured[name.slice(headerPrefix.length)] = Array.isArray(value) && value.length === 1 ? value[0] : value;
  }
  if (captured !== undefined) return headersText(captured, sanitizer);
  const headers = facts?.headers;
  return headers && headersText(headers, sanitizer, facts?.headerNames);
}

function keptHeaders({ headers = {}, headerNames = Object.keys(headers) }: Partial<RequestFacts> = {}) {
  return Object.fromEntries(
    headerNames.flatMap((name) => (Object.hasOwn(headers, name) ? [[name, headers[name]]] : [])),
  );
}

/** A body that is JSON is kept as such; any other is text. */
function bodyOf(value: unknown, sanitizer: Sanitizer): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' && mayBeJson(value) ? sanitizer.jsonText(value) : sanitizer.json(value);
}

function mayBeJson(text: string): boolean {
  return text.startsWith('{') || text.startsWith('[') || /^\s*[[{"]/.test(text);
}
