import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { grpcReason, grpcStatusOf, isGrpcCall, isServerFault } from '../../src/instrument/grpc-status.ts';

type Headers = Readonly<Record<string, unknown>>;

function statusOf(sentTrailers: Headers | undefined, sentHeaders: Headers = {}) {
  return grpcStatusOf({ stream: { sentTrailers, sentHeaders } } as unknown as ServerResponse);
}

function isCall(type: string | undefined, httpVersionMajor = 2): boolean {
  return isGrpcCall({ httpVersionMajor, headers: { 'content-type': type } } as IncomingMessage);
}

it('knows a call of gRPC by its content type and protocol', () => {
  expect(['application/grpc', 'application/grpc+proto', 'Application/gRPC; a=b'].map((type) => isCall(type))).toEqual([
    true,
    true,
    true,
  ]);
  expect(
    ['application/grpc-web', 'application/grpc-web+proto', 'text/plain', undefined].map((type) => isCall(type)),
  ).toEqual([false, false, false, false]);
  expect(isCall('application/grpc', 1)).toBe(false);
});

it.each([
  [{ 'grpc-status': 0 }, undefined],
  [{ 'grpc-status': '0', 'grpc-message': 'fine' }, undefined],
  [{ 'grpc-status': 5 }, 'gRPC status 5 NOT_FOUND.'],
  [{ 'grpc-status': '5', 'grpc-message': 'no%20such%20user' }, 'gRPC status 5 NOT_FOUND: no such user.'],
  [{ 'Grpc-Status': ['5'], 'Grpc-Message': ['It is gone!'] }, 'gRPC status 5 NOT_FOUND: It is gone!'],
  [{ 'grpc-status': 13, 'grpc-message': '100% of %E2%88%85%ff' }, 'gRPC status 13 INTERNAL: 100% of ∅\ufffd.'],
  [{ 'grpc-status': 99, 'grpc-message': ' ' }, 'gRPC status 99.'],
  [
    { 'grpc-status': 16, 'grpc-message': 'bad%20token%3DFAKE-1234' },
    'gRPC status 16 UNAUTHENTICATED: bad token=[redacted].',
  ],
])('tells a status in words: %j', (trailers, reason) => {
  const status = statusOf(trailers);
  expect(status).toBeDefined();
  expect(status && grpcReason(status)).toBe(reason);
  expect(statusOf(undefined, trailers)).toEqual(status);
});

it('has no status before one was sent, nor of what is no number', () => {
  expect(statusOf(undefined)).toBeUndefined();
  expect(statusOf({ 'x-grpc-status': 5 })).toBeUndefined();
  expect(statusOf({ 'grpc-status': 'five' })).toBeUndefined();
});

it('blames the server for what the conventions say, and for codes without a name', () => {
  const blamed = Array.from({ length: 18 }, (_, code) => code).filter((code) => {
    const status = statusOf({ 'grpc-status': code });
    return status !== undefined && isServerFault(status);
  });
  expect(blamed).toEqual([2, 4, 12, 13, 14, 15, 17]);
});
