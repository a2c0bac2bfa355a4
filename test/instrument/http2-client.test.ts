import { once } from 'node:events';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/projection/record.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../register/otlp-receiver.ts';
import { createWorkshop, type Ended, type Workshop } from '../register/program.ts';

const script = join('..', '..', 'instrument', 'fixtures', 'http2-client.mjs');

/** A message of gRPC: not compressed, its length, JSON. */
function frame(value: unknown): Buffer {
  const message = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Answers by path, and keeps all that it is asked. */
const answers: Readonly<Record<string, (stream: ServerHttp2Stream, body: Buffer) => void>> = {
  Get: (stream) => grpc(stream, [frame({ id: 7 })], '0'),
  Missing: (stream) =>
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': '5',
        'grpc-message': 'no%20password%3DFAKE-2',
      },
      { endStream: true },
    ),
  List: (stream) => grpc(stream, [frame(1), frame(2), frame(3)], '0'),
  Echo: (stream, body) => grpc(stream, [body], '0'),
  Slow: (stream) => stream.respond({ ':status': 200, 'content-type': 'application/grpc' }),
  Reset: (stream) => stream.close(11),
  Proxied: (stream) => stream.respond({ ':status': 503, 'content-type': 'text/html' }, { endStream: true }),
  plain: (stream, body) => {
    stream.respond({ ':status': 200, 'x-server': 'yes' });
    stream.end(`hello ${body}`);
  },
  '': (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
  other: (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
  hand: (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
  missing: (stream) => stream.respond({ ':status': 404 }, { endStream: true }),
  slow: (stream) => stream.respond({ ':status': 200 }),
  drop: (stream) => stream.session?.destroy(),
};

function grpc(stream: ServerHttp2Stream, messages: readonly Buffer[], status: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  for (const message of messages) stream.write(message);
  stream.end();
}

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function serve(asked: Asked[]): Http2Server {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const parts: Buffer[] = [];
    const name = String(headers[':path']).replace(/^.*\//, '').replace(/\?.*/, '');
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      const body = Buffer.concat(parts);
      asked.push({ headers, body: body.toString('latin1') });
      answers[name]?.(stream, body);
    });
  });
  return server;
}

async function addressOf(server: Http2Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let receiver: OtlpReceiver;
let workshop: Workshop;
const runs = { plain: [] as Asked[], recorded: [] as Asked[] };
let plain: Ended;
let recorded: Ended;
let records: readonly RequestRecord[];
let authority = '';
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  workshop = createWorkshop();
  const env = {
    SPANLEDGER_REQUESTS: 'all',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    SPANLEDGER_EXIT_TIMEOUT: '30000',
  };
  const servers = [serve(runs.plain), serve(runs.recorded)];
  const [one = '', other = ''] = await Promise.all(servers.map(addressOf));
  authority = other;
  [plain, recorded] = await Promise.all([
    workshop.run({ script, parameters: [one], flags: [] }),
    workshop.run({ script, parameters: [other], env }),
  ]);
  for (const server of servers) server.close();
  records = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
}, 60_000);
afterAll(async () => {
  await workshop.remove();
  await receiver.close();
});

const injected = ['traceparent', 'tracestate', 'baggage', 'x-correlation-id'];
const rowsOf = (path: string) =>
  records
    .filter(({ endpoint }) => endpoint === `http://${authority}${path}`)
    .map(({ method, direction, responseStatus, reason }) => [direction, method, responseStatus, reason]);
const spansOf = (path: string) =>
  receiver.spans.filter(({ attributes }) => String(attributes['url.full']).startsWith(`http://${authority}${path}`));

describe('a program that calls over http2', () => {
  it('is told the same with the flag', () => {
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(recorded).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(recorded.stdout)).toEqual(JSON.parse(plain.stdout));
  });

  it('asks for the same but for the headers that tell the trace', () => {
    const without = ({ headers, body }: Asked) => {
      // Each has a server of its own, and the time that is left depends on the moment.
      const others = [...injected, ':authority', 'grpc-timeout'];
      const kept = Object.entries(headers).filter(([name]) => !others.includes(name));
      return { headers: kept, body, isLimited: headers['grpc-timeout'] !== undefined };
    };
    const byPath = (asked: readonly Asked[]) =>
      asked.map(without).toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
    expect(byPath(runs.recorded)).toEqual(byPath(runs.plain));
    expect(runs.plain.length).toBeGreaterThan(14);
  });

  it('tells the server its trace, in the place of what it told by hand', () => {
    const spans = new Map(receiver.spans.map((span) => [`00-${span.traceId}-${span.spanId}`, span]));
    for (const { headers } of runs.recorded.filter((one) => one.headers[':path'] !== '/other')) {
      const span = spans.get(String(headers.traceparent).slice(0, -3));
      expect(span?.attributes['url.full']).toBe(
        `http://${authority}${headers[':path']}`.replace('FAKE-1', '[redacted]'),
      );
      expect(headers['x-correlation-id']).toBeDefined();
    }
  });

  it('calls in the context in which it does, also before there is a connection', () => {
    const steps = new Map(receiver.spans.map((span) => [span.spanId, span.name]));
    const parents = spansOf('/shop.Users/Get').map(({ parentSpanId }) => steps.get(parentSpanId));
    expect(parents.toSorted()).toEqual(['task.step one', 'task.step three', 'task.step two']);
    expect(steps.get(spansOf('/plain?')[0]?.parentSpanId ?? '')).toBe('task.step plain');
  });
});

describe('a correlation id that the program sends itself', () => {
  it('stays as it is', () => {
    const own = runs.recorded.filter(({ headers }) => headers['x-correlation-id'] === 'own-1');
    expect(own.map(({ headers }) => [headers[':method'], headers[':path']])).toEqual([['POST', '/plain']]);
  });
});

describe('a call of which another instrumentation has made a span', () => {
  it('is not seen twice, and has a row by that span', () => {
    const asked = runs.recorded.find(({ headers }) => headers[':path'] === '/other');
    const other = receiver.spans.find(({ name }) => name === 'other');
    expect(asked?.headers.traceparent).toContain(`00-${other?.traceId}-${other?.spanId}-`);
    expect(spansOf('/other')).toEqual([other]);
    expect(rowsOf('/other')).toEqual([['outbound', 'GET', 204, undefined]]);
  });
});

describe('what is recorded of it', () => {
  const post = (status: number | undefined, reason?: unknown) => ['outbound', 'POST', status, reason];

  it('is a row for each call, with the status of gRPC as the reason', () => {
    expect(rowsOf('/shop.Users/Get')).toEqual([post(200), post(200), post(200)]);
    expect(rowsOf('/shop.Users/Missing')).toEqual([post(200, 'gRPC status 5 NOT_FOUND: no password=[redacted].')]);
    expect(rowsOf('/shop.Users/List')).toEqual([post(200)]);
    expect(rowsOf('/shop.Users/Echo')).toEqual([post(200)]);
    expect(rowsOf('/shop.Users/Slow')).toEqual([
      post(200, expect.stringMatching(/^gRPC status 4 DEADLINE_EXCEEDED: Deadline exceeded/)),
      post(200, 'gRPC status 1 CANCELLED: Cancelled on client.'),
    ]);
    expect(rowsOf('/shop.Users/Reset')).toEqual([
      post(undefined, 'gRPC status 8 RESOURCE_EXHAUSTED: the stream was reset (code 11).'),
    ]);
    expect(rowsOf('/shop.Users/Proxied')).toEqual([post(503, 'gRPC status 14 UNAVAILABLE: HTTP status 503.')]);
  });

  it('is a row for each request that is none of gRPC', () => {
    const get = (status: number | undefined, reason?: unknown) => ['outbound', 'GET', status, reason];
    expect(rowsOf('/plain')).toEqual([get(200), post(200)]);
    expect(rowsOf('/')).toEqual([get(204)]);
    expect(rowsOf('/missing')).toEqual([['outbound', 'PURGE', 404, undefined]]);
    expect(rowsOf('/slow')).toEqual([get(200, 'The request was cancelled.')]);
    expect(rowsOf('/drop')).toEqual([get(undefined, expect.any(String))]);
    expect(rowsOf('/hand')).toEqual([get(204)]);
    // That of a request that could not be made is a span alone.
    expect(records).toHaveLength(18);
  });

  it('is a client span by the conventions', () => {
    const [missing] = spansOf('/shop.Users/Missing');
    expect(missing).toMatchObject({ kind: 3, name: 'shop.Users/Missing', statusCode: 2 });
    expect(missing?.attributes).toMatchObject({
      'rpc.system.name': 'grpc',
      'rpc.method': 'shop.Users/Missing',
      'rpc.response.status_code': 'NOT_FOUND',
      'error.type': 'NOT_FOUND',
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '2',
    });
    const [page] = spansOf('/missing');
    expect(page).toMatchObject({ kind: 3, name: 'HTTP', statusCode: 2 });
    expect(page?.attributes).toMatchObject({ 'error.type': '404', 'http.request.method': '_OTHER' });
    expect(spansOf('/plain?')[0]).toMatchObject({ statusCode: 0 });
    expect(receiver.bodies.join()).not.toContain('FAKE');
  });
});
