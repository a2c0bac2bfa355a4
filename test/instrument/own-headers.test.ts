import { once } from 'node:events';
import http, { createServer, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { propagation } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpOptions, undiciOptions } from '../../src/instrument/http.ts';
import { type HttpClientModule, patchOutgoing } from '../../src/instrument/http-client.ts';
import type { OtelInstrumentation } from '../../src/instrument/instrumentation-package.ts';
import { takePatches } from '../../src/instrument/patcher.ts';
import { withCorrelationId } from '../../src/telemetry/correlation.ts';
import { createCorrelationPropagator } from '../../src/telemetry/correlation-propagator.ts';
import { useSdk } from '../telemetry/captured-events.ts';

const server = createServer((request, response) => response.end(JSON.stringify(request.rawHeaders)));
let url: string;
const ours = '0af7651916cd43dd8448eb211c80319c';
const stale = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** The module as the flag leaves it, in place of that of the test runner. */
const client = { request: http.request, get: http.get } as unknown as HttpClientModule;
patchOutgoing(client, 'http', () => {
  const instrumentation = new HttpInstrumentation({ enabled: false }) as unknown as OtelInstrumentation;
  return takePatches(instrumentation, httpOptions());
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});
beforeEach(() => {
  useSdk();
  const propagators = [
    new W3CTraceContextPropagator(),
    new W3CBaggagePropagator(),
    createCorrelationPropagator('X-Correlation-ID'),
  ];
  propagation.disable();
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
});
afterAll(() => propagation.disable());

type Pairs = readonly (readonly [name: string, value: string])[];

/** What arrived, of the headers that matter, with names as they were sent. */
function told(raw: string): Pairs {
  const list = JSON.parse(raw) as string[];
  const pairs = list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? ''] as const] : []));
  return pairs.filter(([name]) => !/^(host|connection|accept.*|user-agent|sec-.*)$/i.test(name));
}

async function byHttp(headers: RequestOptions['headers']): Promise<Pairs> {
  const request = client.get(url, { headers }) as http.ClientRequest;
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of response) text += String(part);
  return told(text);
}

async function byFetch(headers: Record<string, string>): Promise<Pairs> {
  const instrumentation = new UndiciInstrumentation(undiciOptions());
  try {
    return told(await (await fetch(url, { headers })).text());
  } finally {
    instrumentation.disable();
  }
}

const traceparent = expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);

describe.each([
  ['node:http with an object', (headers: Record<string, string>) => byHttp(headers)],
  [
    'node:http with a list',
    (headers: Record<string, string>) => byHttp(['Host', 'a.example', ...Object.entries(headers).flat()]),
  ],
  ['fetch', byFetch],
])('headers of a call by %s', (_how, call) => {
  const sent = (headers: Record<string, string>) => withCorrelationId(ours, () => call(headers));
  const named = (pairs: Pairs, name: string) =>
    pairs.flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));

  it('arrive as they are, with ours behind them', async () => {
    const pairs = await sent({ 'X-One': '1', 'X-Two': 'b' });
    expect(pairs.slice(0, 2)).toEqual([
      ['X-One', '1'],
      ['X-Two', 'b'],
    ]);
    expect(named(pairs, 'traceparent')).toEqual([traceparent]);
    expect(named(pairs, 'x-correlation-id')).toEqual([ours]);
    expect(pairs).toHaveLength(4);
  });

  it('have the correlation id of the program, once, where it sets one', async () => {
    const pairs = await sent({ 'X-Correlation-ID': 'mine', 'X-One': '1' });
    expect(named(pairs, 'x-correlation-id')).toEqual(['mine']);
    expect(named(pairs, 'x-one')).toEqual(['1']);
  });

  it('have one traceparent, of the span that is there, where the program passes on what it was sent', async () => {
    const pairs = await sent({ traceparent: stale, tracestate: 'a=b', 'X-One': '1' });
    expect(named(pairs, 'traceparent')).toEqual([traceparent]);
    expect(named(pairs, 'traceparent')).not.toEqual([stale]);
  });
});

it('a list may hold the same header more than once, and pairs', async () => {
  const list = [
    ['Host', 'a.example'],
    ['X-Many', 'a'],
    ['X-Many', 'b'],
  ] as unknown as RequestOptions['headers'];
  expect((await byHttp(list)).slice(0, 2)).toEqual([
    ['X-Many', 'a'],
    ['X-Many', 'b'],
  ]);
});
