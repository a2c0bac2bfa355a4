import { describe, expect, it } from 'vitest';
import { projectRequest } from '../../src/projection/request-projection.ts';
import { createContext, spanId, spanOf, start, traceId } from './sources.ts';

const context = createContext();
const inbound = {
  'http.request.method': 'POST',
  'url.path': '/orders/17',
  'url.query': 'token=hunter2',
  'http.route': '/orders/:id',
  'http.response.status_code': 500,
  'http.request.header.content-type': ['application/json'],
  'http.request.header.authorization': ['Bearer hunter2hunter2'],
  'http.request.body.content': '{"user":"u","password":"hunter2"}',
  'http.response.body.content': 'broken: token=hunter2',
  'client.address': '10.0.0.9',
  'user.id': 'u-1',
  'spanledger.correlation.id': 'corr-1',
  'spanledger.session.id': 'local-7',
};

describe('a request that the host served', () => {
  it('has method, path, route, status, duration, client, headers and bodies, redacted', () => {
    expect(projectRequest(spanOf({ kind: 'server', attributes: inbound }), context)).toEqual({
      type: 'request',
      at: start,
      traceId,
      spanId,
      sessionId: 'local-7',
      correlationId: 'corr-1',
      userId: 'u-1',
      direction: 'inbound',
      method: 'POST',
      endpoint: '/orders/17',
      route: '/orders/:id',
      requestHeader: '{"content-type":"application/json","authorization":"[redacted]"}',
      requestBody: '{"user":"u","password":"[redacted]"}',
      responseStatus: 500,
      responseBody: '"broken: token=[redacted]"',
      durationMillis: 1.5,
      ipAddress: '10.0.0.9',
    });
  });

  it('is read by the names of the older conventions, too', () => {
    const attributes = {
      'http.method': 'GET',
      'http.target': '/a/b?x=1',
      'http.status_code': 200,
      'net.peer.ip': '::1',
      'enduser.id': 'e',
    };
    expect(projectRequest(spanOf({ kind: 'server', attributes }), context)).toMatchObject({
      method: 'GET',
      endpoint: '/a/b',
      responseStatus: 200,
      ipAddress: '::1',
      userId: 'e',
    });
  });

  it('has the path alone where only the whole URL is known', () => {
    const attributes = { 'http.request.method': 'GET', 'url.full': 'https://u:hunter2@example.com/a?b=1' };
    expect(projectRequest(spanOf({ kind: 'server', attributes }), context)?.endpoint).toBe('/a');
  });
});

describe('a request by a method that the conventions do not know', () => {
  it.each([
    [{ 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' }, 'PROPFIND'],
    [{ 'http.request.method': 'GET', 'http.request.method_original': 'get' }, 'GET'],
    [{ 'http.request.method': '_OTHER' }, '_OTHER'],
  ])('has that method in its record: %j', (attributes, method) => {
    expect(projectRequest(spanOf({ kind: 'server', attributes }), context)?.method).toBe(method);
  });
});

describe('a request that the host made', () => {
  const attributes = {
    'http.request.method': 'GET',
    'url.full': 'https://u:hunter2@example.com/a?token=hunter2',
    'server.address': 'example.com',
  };

  it('is a record only where it is asked for, with the server in its endpoint', () => {
    const span = spanOf({ kind: 'client', attributes });
    expect(projectRequest(span, context)).toBeUndefined();
    expect(projectRequest(span, context, { outbound: true })).toMatchObject({
      direction: 'outbound',
      endpoint: 'https://[redacted]@example.com/a',
    });
  });
});

describe('a span that is no request', () => {
  it('makes no record', () => {
    expect(projectRequest(spanOf({ attributes: inbound }), context, { outbound: true })).toBeUndefined();
    expect(projectRequest(spanOf({ kind: 'server', attributes: { 'rpc.system': 'grpc' } }), context)).toBeUndefined();
    expect(
      projectRequest(spanOf({ kind: 'client', attributes: { 'db.system.name': 'x' } }), context, { outbound: true }),
    ).toBeUndefined();
  });
});
