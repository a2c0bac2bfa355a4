import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request as makeRequest, Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpServers } from '../../src/instrument/http-server.ts';
import { until } from '../faults/until.ts';

const spans: ReadableSpan[] = [];
const provider = new TracerProvider({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => void spans.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  ],
});
const original = Object.getOwnPropertyDescriptor(Server.prototype, 'emit');
let server: Server;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const servers = new HttpServers((peer) => peer);
  servers.follow(provider);
  servers.watch(Server.prototype as unknown as Parameters<HttpServers['watch']>[0], 'http');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  spans.length = 0;
});
afterAll(() => {
  Reflect.deleteProperty(Server.prototype, 'emit');
  if (original !== undefined) Object.defineProperty(Server.prototype, 'emit', original);
  context.disable();
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler, setUp: (server: Server) => void = () => {}) {
  server = createServer(handler);
  setUp(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function send(port: number, headers: Record<string, string> = {}, parts: readonly string[] = ['one', 'two']) {
  const request = makeRequest({ host: '127.0.0.1', port, method: 'POST', headers });
  for (const part of parts) request.write(part);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

async function theSpan(): Promise<ReadableSpan> {
  await until('a span', 10_000, () => spans.length > 0);
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

const here = () => trace.getActiveSpan()?.spanContext().spanId;

describe('a request that is served', () => {
  it('has one span, which is the active one in every event of request and answer', async () => {
    const seen: Record<string, string | undefined> = {};
    const port = await serve((request, response) => {
      seen.request = here();
      request.on('data', () => {
        seen.data = here();
      });
      request.on('end', () => {
        seen.end = here();
        response.end('done');
      });
      request.on('close', () => {
        seen.closed = here();
      });
      response.on('finish', () => {
        seen.finish = here();
      });
      response.on('close', () => {
        seen.close = here();
      });
    });
    await send(port);
    const { spanId } = (await theSpan()).spanContext();
    await until('all events', 10_000, () => Object.keys(seen).length === 6);
    expect(new Set(Object.values(seen))).toEqual(new Set([spanId]));
  });

  it('is named after its method, but not after one that the conventions do not know', async () => {
    const port = await serve((_request, response) => response.end());
    const request = makeRequest({ host: '127.0.0.1', port, method: 'PROPFIND' }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    expect(await theSpan()).toMatchObject({ name: 'HTTP', attributes: { 'http.request.method_original': 'PROPFIND' } });
  });

  it('has no listeners and no members that the service could come across', async () => {
    let listeners: unknown;
    const port = await serve((request, response) => {
      listeners = [
        request.eventNames().flatMap((name) => request.listeners(name)).length,
        response.listeners('close').length,
        Object.keys(request).filter((key) => key === 'on' || key === 'emit'),
        response.listeners('error').length,
      ];
      response.end();
    });
    await send(port);
    await theSpan();
    expect(listeners).toEqual([0, 0, [], 0]);
  });

  it('is seen where the service answers its expectation, and once where it passes it on', async () => {
    const port = await serve(
      (_, response) => response.end(),
      (made) => {
        made.on('checkContinue', (request, response) => {
          response.writeContinue();
          made.emit('request', request, response);
        });
      },
    );
    await send(port, { expect: '100-continue' });
    expect((await theSpan()).attributes).toMatchObject({ 'http.response.status_code': 200 });
  });

  it('has the error of an answer that failed, and no status where none was sent', async () => {
    const port = await serve((_, response) => {
      response.on('error', () => {}).emit('error', new TypeError('No paper.'));
      response.destroy();
    });
    await expect(send(port)).rejects.toThrow();
    const span = await theSpan();
    expect(span.status).toMatchObject({ message: 'No paper.' });
    expect(span.attributes).toMatchObject({ 'error.type': 'TypeError' });
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    expect(span.events.map(({ name }) => name)).toEqual(['exception']);
  });

  it('has the answer of whoever catches what its listener threw', async () => {
    let thrown: unknown;
    const port = await serve(
      () => {
        throw new RangeError('Too far.');
      },
      (made) => {
        const announce = made.emit.bind(made) as (...args: unknown[]) => boolean;
        const emit = (...args: unknown[]) => {
          try {
            return announce(...args);
          } catch (error) {
            thrown = error;
            (args[2] as ServerResponse).writeHead(500).end();
            return true;
          }
        };
        Object.assign(made, { emit });
      },
    );
    await send(port);
    expect(thrown).toBeInstanceOf(RangeError);
    expect((await theSpan()).attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' });
    expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(0);
  });

  it('is left alone where request and answer are none of Node.js', async () => {
    const called: unknown[] = [];
    await serve((request) => void called.push(request));
    const request = new EventEmitter();
    server.emit('request', request, new EventEmitter());
    server.emit('request');
    expect(called).toEqual([request, undefined]);
    expect(spans).toEqual([]);
  });
});
