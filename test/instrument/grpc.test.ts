import { connect, constants } from 'node:http2';
import { Client, credentials, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/projection/record.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../register/otlp-receiver.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { type Service, startService } from './service.ts';

let receiver: OtlpReceiver;
let workshop: Workshop;
let plain: Service;
let recorded: Service;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  workshop = createWorkshop();
  const env = {
    SPANLEDGER_REQUEST_BODIES: 'on',
    SPANLEDGER_CORRELATION_HEADER: 'none',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  };
  [plain, recorded] = await Promise.all([
    startService(workshop, 'grpc.cjs', {}, []),
    startService(workshop, 'grpc.cjs', env),
  ]);
});
afterAll(async () => {
  await workshop.remove();
  await receiver.close();
});

const serialize = (value: unknown) => Buffer.from(JSON.stringify(value));
const deserialize = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

/** All that a client of gRPC is told of one call, in order. */
interface Told {
  readonly metadata: unknown[];
  readonly messages: unknown[];
  status?: Readonly<Record<string, unknown>>;
}

function statusOf({ code, details, metadata }: StatusObject) {
  return { code, details, metadata: told(metadata) };
}

/** Node.js adds the date to every answer. */
function told(metadata: Metadata): unknown {
  const { date: _, ...rest } = metadata.getMap();
  return rest;
}

/** Calls a method of a service with the client of @grpc/grpc-js. */
function call(port: number | undefined, method: string, request: unknown, isStream = false): Promise<Told> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const seen: Told = { metadata: [], messages: [] };
  return new Promise<Told>((resolve) => {
    const path = `/shop.Users/${method}`;
    const stream = isStream
      ? client.makeServerStreamRequest(path, serialize, deserialize, request, new Metadata())
      : client.makeUnaryRequest(path, serialize, deserialize, request, (_: ServiceError | null, value: unknown) => {
          if (value !== undefined) seen.messages.push(value);
        });
    if ('resume' in stream) stream.on('data', (value) => seen.messages.push(value)).on('error', () => undefined);
    stream.on('metadata', (metadata) => seen.metadata.push(told(metadata)));
    stream.on('status', (status) => {
      seen.status = statusOf(status);
      resolve(seen);
    });
  }).finally(() => client.close());
}

/** Frames of gRPC: not compressed, a length, a message. */
function frame(value: unknown): Buffer {
  const message = serialize(value);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** What comes over the wire for one call: headers, bytes, trailers, and how the stream ended. */
async function framesOf(port: number | undefined, path: string, body: readonly Buffer[], type = 'application/grpc') {
  const session = connect(`http://127.0.0.1:${port}`);
  const seen: unknown[] = [];
  const bytes: Buffer[] = [];
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': type, te: 'trailers' });
  session.on('error', (error) => seen.push(['session', error.message]));
  stream.on('error', (error) => seen.push(['error', error.message]));
  stream.on('response', ({ date, ...headers }) => seen.push(['headers', typeof date, Object.entries(headers)]));
  stream.on('trailers', (headers) => seen.push(['trailers', Object.entries(headers)]));
  stream.on('data', (chunk: Buffer) => bytes.push(chunk));
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  for (const part of body) stream.write(part);
  stream.end();
  await closed;
  session.close();
  return { seen, bytes: Buffer.concat(bytes).toString('latin1'), code: stream.rstCode };
}

async function both<T>(ask: (service: Service) => Promise<T>): Promise<readonly [T, T]> {
  return Promise.all([ask(plain), ask(recorded)]);
}

describe('a service of gRPC', () => {
  it.each([
    ['a call that goes well', 'Get', { id: 7 }, false, 0],
    ['a status alone', 'Get', { id: 8 }, false, 5],
    ['a status behind headers', 'Fail', {}, false, 13],
    ['a handler that throws', 'Throw', {}, false, 2],
    ['a stream', 'List', {}, true, 0],
    ['a stream that fails', 'List', { fails: true }, true, 42],
    ['a method that it does not have', 'Nothing', {}, false, 12],
  ] as const)('tells its client the same with the flag: %s', async (_, method, request, isStream, code) => {
    const [before, after] = await both(({ ports }) => call(ports.grpc, method, request, isStream));
    expect(before.status).toMatchObject({ code });
    expect(after).toEqual(before);
  });

  it.each([
    ['a message', 'grpc', '/shop.Users/Get', [frame({ id: 7 })], undefined],
    ['a status alone', 'grpc', '/shop.Users/Get', [frame({ id: 8 })], undefined],
    ['both ways', 'grpc', '/shop.Users/Echo', [frame('one'), frame('two')], undefined],
    ['no gRPC', 'grpc', '/shop.Users/Get', [], 'text/plain'],
    ['requests of http2', 'requests', '/shop.Orders/Get', [frame({})], undefined],
    ['gRPC-Web', 'requests', '/web/Get', [frame({})], 'application/grpc-web+proto'],
  ] as const)('sends the same bytes with the flag: %s', async (_, server, path, body, type) => {
    const [before, after] = await both(({ ports }) => framesOf(ports[server], path, body, type));
    expect(before.seen.length).toBeGreaterThan(0);
    expect(after).toEqual(before);
  });

  it('has told its status, whatever the client does then', async () => {
    const answers = await both(async ({ ports }) => {
      const session = connect(`http://127.0.0.1:${ports.requests}`);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/shop.Orders/Open',
        'content-type': 'application/grpc',
      });
      const trailers = new Promise((resolve) => stream.once('trailers', resolve));
      stream.on('error', () => undefined).write(frame({}));
      stream.resume();
      const { 'grpc-status': status } = (await trailers) as Readonly<Record<string, string>>;
      const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
      stream.close(constants.NGHTTP2_CANCEL);
      await closed;
      session.close();
      return status;
    });
    expect(answers).toEqual(['14', '14']);
  });

  it('sees a call that is given up as it does without', async () => {
    await both(async ({ ports, said }) => {
      const client = new Client(`127.0.0.1:${ports.grpc}`, credentials.createInsecure());
      const given = new Promise<StatusObject>((resolve) => {
        const waiting = client.makeUnaryRequest('/shop.Users/Wait', serialize, deserialize, {}, () => undefined);
        waiting.on('status', resolve);
        said('waiting\n').then(() => waiting.cancel(), resolve);
      });
      expect(await given).toMatchObject({ code: 1 });
      await said('cancelled\n');
      client.close();
    });
  });
});

describe('what is recorded of them', () => {
  let records: readonly RequestRecord[];
  beforeAll(async () => {
    const ended = await Promise.all([plain, recorded].map((one) => one.stop().then(() => one.ended)));
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    records = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
  });
  const reasonsOf = (endpoint: string) =>
    records
      .filter((record) => record.endpoint === endpoint)
      .map(({ reason, responseStatus }) => [responseStatus, reason]);
  const spanOf = (path: string, status: string | undefined) =>
    receiver.spans.find(
      ({ attributes }) => attributes['url.path'] === path && attributes['rpc.response.status_code'] === status,
    );

  it('is the status as the reason, without what is secret in its message', () => {
    const missing = 'gRPC status 5 NOT_FOUND: no such user ∅, tried password=[redacted].';
    const found = reasonsOf('/shop.Users/Get').map((told) => told.join());
    expect(found.toSorted()).toEqual(['200,', '200,', `200,${missing}`, `200,${missing}`, '415,']);
    expect(reasonsOf('/shop.Users/Fail')).toEqual([[200, 'gRPC status 13 INTERNAL: The disk is full!']]);
    expect(reasonsOf('/shop.Users/Throw')).toEqual([[200, expect.stringMatching(/^gRPC status 2 UNKNOWN: .*\.$/)]]);
    expect(reasonsOf('/shop.Users/List')).toEqual(
      expect.arrayContaining([
        [200, undefined],
        [200, 'gRPC status 42.'],
      ]),
    );
    expect(reasonsOf('/shop.Users/Echo')).toEqual([[200, undefined]]);
    expect(reasonsOf('/shop.Users/Nothing')).toEqual([[200, expect.stringMatching(/^gRPC status 12 UNIMPLEMENTED: /)]]);
    expect(reasonsOf('/shop.Orders/Get')).toEqual([[200, 'gRPC status 14 UNAVAILABLE: try again%zz.']]);
    expect(reasonsOf('/shop.Orders/Open')).toEqual(reasonsOf('/shop.Orders/Get'));
    expect(reasonsOf('/web/Get')).toEqual([[200, undefined]]);
    expect(receiver.bodies.join()).not.toContain('FAKE-grpc-0001');
  });

  it('is that a call was given up, and no status', () => {
    expect(reasonsOf('/shop.Users/Wait')).toEqual([
      [undefined, expect.stringContaining('before the answer was complete')],
    ]);
    expect(spanOf('/shop.Users/Wait', undefined)).toMatchObject({ name: 'shop.Users/Wait', statusCode: 2 });
  });

  it.each([
    ['/shop.Users/Get', 'OK', false],
    ['/shop.Users/Get', 'NOT_FOUND', false],
    ['/shop.Users/Fail', 'INTERNAL', true],
    ['/shop.Users/Throw', 'UNKNOWN', true],
    ['/shop.Users/List', '42', true],
    ['/shop.Orders/Get', 'UNAVAILABLE', true],
  ])('is a span by the conventions for RPC: %s %s', (path, status, isError) => {
    const span = spanOf(path, status);
    expect(span).toMatchObject({ kind: 2, name: path.slice(1), statusCode: isError ? 2 : 0 });
    expect(span?.attributes).toMatchObject({
      'rpc.system.name': 'grpc',
      'rpc.method': path.slice(1),
      'http.request.method': 'POST',
      'http.response.status_code': 200,
    });
    expect(span?.attributes['error.type']).toBe(isError ? status : undefined);
    expect(span?.statusMessage.startsWith('gRPC status')).toBe(isError);
  });

  it('is no name for a method that the service does not have', () => {
    const span = spanOf('/shop.Users/Nothing', 'UNIMPLEMENTED');
    expect(span).toMatchObject({ name: 'grpc', statusCode: 2 });
    expect(span?.attributes).toMatchObject({ 'rpc.method': '_OTHER', 'rpc.method_original': 'shop.Users/Nothing' });
  });

  it('is a plain request where it is none of gRPC', () => {
    const others = receiver.spans.filter(({ attributes }) => attributes['rpc.system.name'] === undefined);
    expect(others.map(({ name, attributes }) => [name, attributes['url.path']]).toSorted()).toEqual([
      ['POST', '/shop.Users/Get'],
      ['POST', '/web/Get'],
    ]);
  });
});
