import type { IncomingMessage } from 'node:http';
import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { attribute } from '../telemetry/conventions.ts';
import { grpcReason, grpcStatusOf, isGrpcCall, isServerFault } from './grpc-status.ts';
import type { HttpAspect } from './http-aspects.ts';

/**
 * Makes the span of a request that is a call of gRPC one of a call, too, by the RPC conventions of OpenTelemetry (1.45): method, status, and an
 * error where the server is to blame.
 */
export const grpcCalls: HttpAspect = {
  incoming(span, request) {
    if (!isGrpcCall(request)) return;
    const method = methodOf(request);
    span.setAttribute(attribute.rpcSystem, 'grpc');
    if (method === undefined) return passOver(span, request);
    span.setAttribute(attribute.rpcMethod, method);
    span.updateName(method);
  },
  answered(span, request, response) {
    const status = isGrpcCall(request) ? grpcStatusOf(response) : undefined;
    if (status === undefined) return;
    span.setAttribute(attribute.rpcStatusCode, status.name);
    // What a service does not have, anybody can ask for: names without end would be names of spans.
    if (status.name === 'UNIMPLEMENTED') passOver(span, request);
    const reason = grpcReason(status);
    if (reason === undefined || !isServerFault(status)) return;
    span.setAttribute(attribute.errorType, status.name);
    span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  },
};

/** `shop.Users/Get` of `/shop.Users/Get`. */
function methodOf({ url = '' }: IncomingMessage): string | undefined {
  return /^\/([^/?#]+\/[^/?#]+)$/.exec(url)?.[1];
}

function passOver(span: Span, request: IncomingMessage): void {
  span.setAttribute(attribute.rpcMethod, '_OTHER');
  span.setAttribute(attribute.rpcMethodOriginal, request.url?.replace(/^\//, '') ?? '');
  span.updateName('grpc');
}
