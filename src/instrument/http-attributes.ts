import type { IncomingMessage } from 'node:http';
import type { Attributes } from '@opentelemetry/api';

export type HttpScheme = 'http' | 'https';

/** The method in attributes where it is none of those that are known. */
export const otherMethod = '_OTHER';

/**
 * What a server span says of its request from the start, by the HTTP conventions of OpenTelemetry (1.23 and later), but for the client: who
 * that is, the settings decide.
 */
export function requestAttributes(
  request: IncomingMessage,
  scheme: HttpScheme,
  methods: ReadonlySet<string> = standardMethods,
): Attributes {
  const { headers, socket, method = 'GET', url = '/' } = request;
  const known = knownMethod(method, methods);
  const attributes: Attributes = {
    'http.request.method': known,
    'url.scheme': scheme,
    'url.path': pathOf(url),
    'network.protocol.version': request.httpVersion === '2.0' ? '2' : request.httpVersion,
  };
  if (known !== method) attributes['http.request.method_original'] = method;
  const query = queryOf(url);
  if (query !== '') attributes['url.query'] = query;
  const { remoteAddress, remotePort } = socket ?? {};
  if (remoteAddress !== undefined) attributes['network.peer.address'] = remoteAddress;
  if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
  const agent = headers['user-agent'];
  if (agent !== undefined) attributes['user_agent.original'] = agent;
  putServer(attributes, request, scheme);
  return attributes;
}

/** RFC 9110, PATCH, and QUERY; any other is told by its name beside `_OTHER`, as the conventions want it. */
const standardMethods: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '),
);

/** Whether the conventions know a method, as it is written. */
export function isStandardMethod(method: string): boolean {
  return standardMethods.has(method);
}

function knownMethod(method: string, methods: ReadonlySet<string>): string {
  if (methods.has(method)) return method;
  const upper = method.toUpperCase();
  return methods.has(upper) ? upper : otherMethod;
}

/** A path that no parser would change, as nearly all are; what follows the path does not matter. */
const plainPath = /^(?:\/(?!\.)[\w~!$&'()*+,;=:@%.-]*)+(?=[?#]|$)/;

function pathOf(url: string): string {
  const plain = plainPath.exec(url);
  if (plain !== null) return plain[0];
  try {
    return new URL(url, 'http://localhost').pathname;
  } catch {
    return url.replace(/[?#].*$/s, '');
  }
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  if (start < 0) return '';
  const end = url.indexOf('#', start);
  return url.slice(start + 1, end < 0 ? undefined : end);
}

/** The server as the client named it, in front of all proxies as far as they tell. */
function putServer(attributes: Attributes, { headers }: IncomingMessage, scheme: HttpScheme): void {
  const forwarded = headers.forwarded === undefined ? undefined : /\bhost=("[^"]*"|[^;,]*)/i.exec(headers.forwarded);
  const told = forwarded?.[1]?.replaceAll('"', '') ?? firstOf(headers['x-forwarded-host']);
  const host = told ?? headers.host ?? firstOf(headers[':authority']);
  if (host === undefined || host === '') return;
  const proto = told === undefined ? scheme : firstOf(headers['x-forwarded-proto']);
  const [name, port] = splitHost(host);
  attributes['server.address'] = name;
  const number = port === undefined ? standardPorts[proto ?? ''] : Number(port);
  if (number !== undefined) attributes['server.port'] = number;
}

/** Ports that a URL does not name. */
export const standardPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

function firstOf(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.[0];
  const comma = text?.indexOf(',') ?? -1;
  return comma < 0 ? text : text?.slice(0, comma).trim();
}

/** Name and port of a host. The colons of an IPv6 address stand within brackets. */
export function splitHost(host: string): readonly [name: string, port?: string] {
  const colon = host.lastIndexOf(':');
  if (colon < 0 || host.indexOf(']', colon) >= 0) return [host];
  const port = host.slice(colon + 1);
  return /^\d{1,5}$/.test(port) ? [host.slice(0, colon), port] : [host];
}
