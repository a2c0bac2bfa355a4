import { maxLength, type ProjectionContext, toId, toInteger, toName, toText, toTime } from './attribute-values.ts';
import { idsOf } from './identity-projection.ts';
import type { RecordIds, RequestRecord } from './record.ts';
import type { SourceAttributes, SpanSource } from './span-source.ts';

/** Which requests make records. */
export interface RequestOptions {
  /** Requests that the host makes, too; default only those it serves. */
  readonly outbound?: boolean;
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
    ...requestIds(span, context),
    direction,
    method,
    endpoint: endpointOf(attributes, direction, context) ?? '',
    ...exchangeOf(attributes, direction, context),
    durationMillis: Math.max(0, toTime(span.endAt, startAt) - startAt) / 1_000,
  };
}

function directionOf(span: SpanSource, options: RequestOptions): RequestRecord['direction'] | undefined {
  if (span.kind === 'server') return 'inbound';
  return span.kind === 'client' && options.outbound === true ? 'outbound' : undefined;
}

function requestIds(span: SpanSource, context: ProjectionContext): Omit<RecordIds, 'traceId' | 'spanId'> {
  const ids = idsOf(span.attributes, span.service, context);
  const userId = ids.userId ?? toId(span.attributes['enduser.id'], context.sanitizer);
  return userId === undefined ? ids : { ...ids, userId };
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

function exchangeOf(
  attributes: SourceAttributes,
  direction: RequestRecord['direction'],
  context: ProjectionContext,
): Exchange {
  const { sanitizer } = context;
  const route = toText(first(attributes, 'http.route', 'url.template'), maxLength.path, sanitizer);
  const requestHeader = headersOf(attributes, context);
  const requestBody = bodyOf(attributes['http.request.body.content'], context);
  const responseStatus = toInteger(first(attributes, 'http.response.status_code', 'http.status_code'));
  const responseBody = bodyOf(attributes['http.response.body.content'], context);
  const peer =
    direction === 'inbound'
      ? first(attributes, 'client.address', 'http.client_ip', 'network.peer.address', 'net.peer.ip')
      : first(attributes, 'network.peer.address', 'net.peer.ip');
  const ipAddress = toText(peer, maxLength.name, sanitizer);
  return {
    ...(route !== undefined && { route }),
    ...(requestHeader !== undefined && { requestHeader }),
    ...(requestBody !== undefined && { requestBody }),
    ...(responseStatus !== undefined && { responseStatus }),
    ...(responseBody !== undefined && { responseBody }),
    ...(ipAddress !== undefined && { ipAddress }),
  };
}

const headerPrefix = 'http.request.header.';

/** Headers that the instrumentation was told to capture, as one object; a header with one value as that value. */
function headersOf(attributes: SourceAttributes, context: ProjectionContext): string | undefined {
  let headers: Record<string, unknown> | undefined;
  for (const name in attributes) {
    if (!name.startsWith(headerPrefix)) continue;
    headers ??= Object.create(null) as Record<string, unknown>;
    const value = attributes[name];
    headers[name.slice(headerPrefix.length)] = Array.isArray(value) && value.length === 1 ? value[0] : value;
  }
  return headers === undefined ? undefined : context.sanitizer.json(headers);
}

/** A body that is JSON is kept as such; any other is text. */
function bodyOf(value: unknown, context: ProjectionContext): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' && /^\s*[[{"]/.test(value)
    ? context.sanitizer.jsonText(value)
    : context.sanitizer.json(value);
}
