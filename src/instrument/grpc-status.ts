import type { IncomingMessage, ServerResponse } from 'node:http';
import { percentDecoded } from '../storable/encoded-text.ts';
import { sanitizer } from '../storable/sanitizer.ts';

/** How a call went, as its server told the client: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export interface GrpcStatus {
  readonly code: number;
  /** `NOT_FOUND`; the number itself where it has no name. */
  readonly name: string;
  /** Redacted. */
  readonly message: string | undefined;
}

/** Not gRPC-Web, which has its trailers in the body. */
const contentType = /^application\/grpc(?:[+;\s]|$)/i;

/** Whether a request is a call of gRPC. */
export function isGrpcCall({ httpVersionMajor, headers }: IncomingMessage): boolean {
  return httpVersionMajor >= 2 && isGrpcType(headers['content-type']);
}

/** Whether a content type is that of gRPC. */
export function isGrpcType(type = ''): boolean {
  return contentType.test(type);
}

/** What is read of an answer of http2, as a request has it or as a stream is shown. */
interface Http2Answer {
  readonly stream?: { readonly sentHeaders?: Headers | undefined; readonly sentTrailers?: Headers | undefined };
}

type Headers = Readonly<Record<string, unknown>>;

/** The status that went out, in the trailers or, where there is nothing but a status, in the headers; `undefined` before that. */
export function grpcStatusOf(response: ServerResponse): GrpcStatus | undefined {
  const { stream } = response as Http2Answer;
  const sent = [stream?.sentTrailers, stream?.sentHeaders].find(
    (headers) => textIn(headers, 'grpc-status') !== undefined,
  );
  return statusIn(sent);
}

/** The status in headers or trailers; `undefined` where there is none. */
export function statusIn(sent: Headers | undefined): GrpcStatus | undefined {
  const told = textIn(sent, 'grpc-status');
  if (told === undefined || !/^\d{1,9}$/.test(told)) return undefined;
  return numberedStatus(Number(told), percentDecoded(textIn(sent, 'grpc-message') ?? '').trim());
}

/** @param message redacted here */
export function numberedStatus(code: number, message: string): GrpcStatus {
  return { code, name: names[code] ?? String(code), message: message === '' ? undefined : sanitizer().text(message) };
}

/** A status that nobody sent, as clients make it. @param message redacted here */
export function namedStatus(name: string, message: string): GrpcStatus {
  return { code: names.indexOf(name), name, message: sanitizer().text(message) };
}

function textIn(headers: Headers | undefined, wanted: string): string | undefined {
  for (const name in headers) {
    if (name.toLowerCase() !== wanted) continue;
    const value = headers[name];
    return String(Array.isArray(value) ? value[0] : value);
  }
  return undefined;
}

/** `gRPC status 5 NOT_FOUND: no such user.`; `undefined` where the call went well. */
export function grpcReason({ code, name, message = '' }: GrpcStatus): string | undefined {
  if (code === 0) return undefined;
  const status = name === String(code) ? `gRPC status ${code}` : `gRPC status ${code} ${name}`;
  if (message === '') return `${status}.`;
  return `${status}: ${message}${/[.!?…]$/.test(message) ? '' : '.'}`;
}

/** Whether the server is to blame, by the conventions of OpenTelemetry (1.45); clients take a code without a name for UNKNOWN. */
export function isServerFault({ code, name }: GrpcStatus): boolean {
  return names[code] === undefined || serverFaults.has(name);
}

/** By their numbers: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const serverFaults: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);
