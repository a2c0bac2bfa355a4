import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpOptions, undiciOptions } from '../../src/instrument/http.ts';
import { useSdk } from '../telemetry/captured-events.ts';

const server = createServer((request, response) => {
  response.writeHead(request.url === '/missing' ? 404 : 200).end();
});
let url: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});

describe('a call that goes out', () => {
  it('has the original method only where it is another one, and its query once', async () => {
    const sdk = useSdk();
    const instrumentation = new UndiciInstrumentation(undiciOptions());
    await (await fetch(`${url}/a?b=1`)).text();
    await (await fetch(`${url}/missing`, { method: 'PROPFIND' })).text();
    instrumentation.disable();
    const [get, other] = [...sdk.named('GET'), ...sdk.named('HTTP')].map(({ attributes }) => attributes);
    expect(get).toMatchObject({ 'http.request.method': 'GET', 'url.full': `${url}/a?b=1` });
    expect(Object.keys(get ?? {})).not.toContain('http.request.method_original');
    expect(Object.keys(get ?? {})).not.toContain('url.query');
    expect(other).toMatchObject({ 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' });
  });

  it.each([
    [200, undefined],
    [404, '404'],
    [503, '503'],
  ])('tells the status %s as the error that it is', (statusCode, type) => {
    const sdk = useSdk();
    const { responseHook } = httpOptions() as { responseHook: (span: unknown, response: IncomingMessage) => void };
    trace.getTracer('app').startActiveSpan('GET', (span) => {
      responseHook(span, { statusCode } as IncomingMessage);
      span.end();
    });
    expect(sdk.named('GET')[0]?.attributes['error.type']).toBe(type);
  });
});
