import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { attribute } from '../telemetry/conventions.ts';
import { type GrpcStatus, grpcReason, isGrpcType, namedStatus, numberedStatus, statusIn } from './grpc-status.ts';
import { headerIn, type RequestHeaders } from './http2-headers.ts';
import { resetCancelled, type StreamEnd } from './stream-end.ts';

/** A call of gRPC that the program makes, beside the request that it is. */
export interface GrpcCall {
  /** Headers or trailers of the answer have come. */
  told(headers: RequestHeaders): void;
  /** Its stream is closed. */
  finish(end: StreamEnd): void;
}

/**
 * Makes the span of a request that goes out one of a call, too, by the RPC conventions of OpenTelemetry (1.45).
 * @returns `undefined` where the request is no call of gRPC
 */
export function createGrpcCall(span: Span, headers: RequestHeaders | undefined, stream: object): GrpcCall | undefined {
  if (!isGrpcType(headerIn(headers, 'content-type'))) return undefined;
  const method =
    headerIn(headers, ':path')
      ?.replace(/^\//, '')
      .replace(/[?#].*$/s, '') ?? '';
  const deadline = performance.now() + timeoutMillis(headerIn(headers, 'grpc-timeout'));
  span.setAttributes({ [attribute.rpcSystem]: 'grpc', [attribute.rpcMethod]: method });
  span.updateName(method);
  let sent: GrpcStatus | undefined;
  return {
    told(answer) {
      sent ??= statusIn(answer as Readonly<Record<string, unknown>>);
    },
    finish(end) {
      const status = sent ?? cancellationOf(stream) ?? inferredStatus(end, performance.now() >= deadline);
      span.setAttribute(attribute.rpcStatusCode, status.name);
      const reason = grpcReason(status);
      if (reason === undefined) return;
      span.setAttribute(attribute.errorType, status.name);
      span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    },
  };
}

const cancellations = new WeakMap<object, GrpcStatus>();

/** A client says why it is about to cancel the stream of a call. */
export function noteCancellation(stream: object, code: unknown, message: unknown): void {
  if (typeof code === 'number') cancellations.set(stream, numberedStatus(code, String(message ?? '')));
}

/** What it said. */
export function cancellationOf(stream: object): GrpcStatus | undefined {
  return cancellations.get(stream);
}

const unitMillis: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, S: 1_000, M: 60_000, H: 3_600_000 };
/** Clients round what is left to whole units, timers fire in whole milliseconds, and the request begins after its header was made. */
const roundingMillis = 10;

/** The time that a call has, as its server is told. */
function timeoutMillis(header = ''): number {
  const [, count, unit = ''] = /^(\d{1,8})([numSMH])$/.exec(header) ?? [];
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count) * (unitMillis[unit] ?? 1) - roundingMillis;
}

/** What a client takes an answer for that has no status: by the protocol of gRPC over http2, and its mapping of HTTP statuses. */
function inferredStatus({ status, error, resetCode }: StreamEnd, isLate: boolean): GrpcStatus {
  if (resetCode === resetCancelled && isLate) return namedStatus('DEADLINE_EXCEEDED', 'the deadline was over');
  if (resetCode === resetCancelled) return namedStatus('CANCELLED', 'the call was cancelled');
  if (error !== undefined && isLost(error)) return namedStatus('UNAVAILABLE', messageOf(error));
  if (resetCode !== 0) return namedStatus(ofReset[resetCode] ?? 'INTERNAL', `the stream was reset (code ${resetCode})`);
  if (error !== undefined) return namedStatus('UNAVAILABLE', messageOf(error));
  if (status === undefined) return namedStatus('UNAVAILABLE', 'the connection was lost');
  if (status === 200) return namedStatus('UNKNOWN', 'the answer has no status');
  return namedStatus(ofHttp[status] ?? 'UNKNOWN', `HTTP status ${status}`);
}

const ofReset: Readonly<Record<number, string>> = {
  7: 'UNAVAILABLE',
  11: 'RESOURCE_EXHAUSTED',
  12: 'PERMISSION_DENIED',
};
const ofHttp: Readonly<Record<number, string>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** The connection broke, or could not be made. */
function isLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(?:E(?:CONN|PIPE|TIMEDOUT|HOST|NET|AI_)|ENOTFOUND)/.test(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
