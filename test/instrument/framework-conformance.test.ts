import { connect, constants } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/projection/record.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { type Service, startService } from './service.ts';
import { get, last, post, type Talk, talk } from './talk.ts';

let workshop: Workshop;
let plain: Service;
let recorded: Service;
beforeAll(async () => {
  workshop = createWorkshop();
  const everything = { SPANLEDGER_REQUEST_BODIES: 'on', SPANLEDGER_CORRELATION_HEADER: 'none' };
  [plain, recorded] = await Promise.all([
    startService(workshop, 'frameworks/conforming.mjs', {}, []),
    startService(workshop, 'frameworks/conforming.mjs', everything),
  ]);
});
afterAll(() => workshop.remove());

const json = '{"name":"Änn"}';
const upload = Array.from({ length: 4 }, () => Buffer.alloc(1_000_000, 'x'));
const uploadHead = `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4000000\r\n${last}\r\n`;
const chunked = (head: string) => [
  `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n${head}\r\n`,
  '3\r\nabc\r\n',
  '4\r\ndefg\r\n0\r\n\r\n',
];

const talks: Readonly<Record<string, Talk>> = {
  JSON: { send: [get('/json', last)] },
  HEAD: { send: [get('/json', last).replace('GET', 'HEAD')] },
  'a body in gzip': { send: [get('/packed', last)] },
  'a stream': { send: [get('/parts', last)] },
  'a large body': { send: [get('/large', last)] },
  'events of the server': { send: [get('/events', last)] },
  'a body that is parsed': { send: [post('/parsed', json), json] },
  'a body that cannot be parsed': { send: [post('/parsed', '{'), '{'] },
  'a body piped back': { send: [post('/echo', json, last, 'text/plain'), json] },
  'a body in chunks': { send: chunked(last) },
  'a client that waits for 100': { send: chunked(`Expect: 100-continue\r\n${last}`), await: '100 Continue' },
  'an upload of 4 MB': { send: [uploadHead, ...upload] },
  'an upload that is given up': { send: [uploadHead, upload[0] ?? ''], finish: 'destroy' },
  'a failure': { send: [get('/broken', last)] },
  'an answer that is cut off': { send: [get('/cut')] },
  'status 304': { send: [get('/unchanged', `If-None-Match: "one"\r\n${last}`)] },
  'no answer in time': { send: [get('/late')] },
  'no such path': { send: [get('/nowhere', last)] },
  'a pipeline': { send: [get('/json') + get('/parts') + get('/nowhere') + get('/packed', last)] },
  'a connection that is kept': { send: [get('/packed'), get('/json', last)], await: 'gzip' },
  'an upgrade': {
    send: [get('/up', 'Upgrade: echo\r\nConnection: Upgrade\r\n'), 'to and fro'],
    await: '101',
    finish: 'end',
  },
  'HTTP/1.0': { send: ['GET /parts HTTP/1.0\r\n\r\n'] },
  'no HTTP at all': { send: ['NONSENSE\r\n\r\n'] },
};

const unanswered = new Set(['an upload that is given up', 'no answer in time']);

describe.each(['express', 'fastify', 'koa', 'hono'])('%s', (framework) => {
  it.each(Object.entries(talks))('sends the same bytes with the flag: %s', async (name, exchange) => {
    const answers = await Promise.all([plain, recorded].map(({ ports }) => talk(ports[framework], exchange)));
    if (!unanswered.has(name)) expect(answers[0]).toMatch(/^HTTP\/1\.1 \d{3}/);
    expect(answers[1]).toBe(answers[0]);
  });
});

it('express takes the same 100 MB with the flag', async () => {
  const head = uploadHead.replace('4000000', '100000000');
  const exchange = { send: [head, ...Array.from({ length: 100 }, () => upload[0] ?? '')] };
  const answers = await Promise.all([plain, recorded].map(({ ports }) => talk(ports.express, exchange)));
  expect(answers[0]).toMatch(/100000000 [0-9a-f]{64}$/);
  expect(answers[1]).toBe(answers[0]);
});

it('fastify shows the program nothing of us: no hook, no member of a request', async () => {
  const exchange = { send: [get('/looks', last)] };
  const answers = await Promise.all([plain, recorded].map(({ ports }) => talk(ports.fastify, exchange)));
  expect(answers[0]).toContain('"raw":[true,true]');
  expect(answers[1]).toBe(answers[0]);
});

it('koa says the same of what is no middleware', async () => {
  const exchange = { send: [get('/mistake', last)] };
  const answers = await Promise.all([plain, recorded].map(({ ports }) => talk(ports.koa, exchange)));
  expect(answers[0]).toContain('middleware must be a function!');
  expect(answers[1]).toBe(answers[0]);
});

it.each(
  ['nest', 'nestFastify'].flatMap((nest) =>
    ['/api/users/7', '/api/users/7/broken', '/nowhere'].map((path) => [nest, path] as const),
  ),
)('%s sends the same bytes: %s', async (nest, path) => {
  const exchange = { send: [get(path, last)] };
  const answers = await Promise.all([plain, recorded].map(({ ports }) => talk(ports[nest], exchange)));
  expect(answers[0]).toMatch(/^HTTP\/1\.1 \d{3}/);
  expect(answers[1]).toBe(answers[0]);
});

/** All that a client of http2 sees of one request, in order; data is one text, since frames are cut by time. */
async function seenOver2(
  port: number | undefined,
  method: string,
  path: string,
  body: readonly (string | Uint8Array)[],
) {
  const session = connect(`http://127.0.0.1:${port}`);
  const seen: unknown[] = [];
  let text = '';
  session.on('error', (error: Error & { code?: string }) => seen.push(['session', error.code]));
  session.on('stream', (pushed, headers) => {
    const { ':authority': _authority, ...rest } = headers;
    seen.push(['push', Object.entries(rest)]);
    pushed.resume();
  });
  const stream = session.request({ ':method': method, ':path': path, 'content-type': 'text/plain' });
  stream.on('response', ({ date, ...headers }) => seen.push(['response', typeof date, Object.entries(headers)]));
  stream.on('trailers', (headers) => seen.push(['trailers', Object.entries(headers)]));
  stream.on('error', (error: Error & { code?: string }) => seen.push(['error', error.code]));
  stream.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  for (const part of body) stream.write(part);
  stream.end();
  await closed;
  session.close();
  return { seen, text, code: stream.rstCode };
}

const overHttp2: readonly (readonly [string, string, readonly (string | Uint8Array)[]])[] = [
  ['GET', '/json', []],
  ['HEAD', '/json', []],
  ['GET', '/large', []],
  ['POST', '/echo', ['one', 'two']],
  ['POST', '/upload', upload],
  ['GET', '/trailers', []],
  ['GET', '/pushed', []],
  ['GET', '/reset', []],
  ['GET', '/nowhere', []],
];
const byStreams = [...overHttp2, ['GET', '/file', []], ['GET', '/events', []], ['GET', '/mistakes', []]] as const;

describe.each([
  ['http2', overHttp2],
  ['http2Streams', byStreams],
] as const)('%s', (server, exchanges) => {
  it.each(exchanges)('shows its client the same with the flag: %s %s', async (method, path, body) => {
    const [before, after] = await Promise.all(
      [plain, recorded].map(({ ports }) => seenOver2(ports[server], method, path, body)),
    );
    expect(before?.seen.length).toBeGreaterThan(0);
    expect(after).toEqual(before);
    if (path === '/reset' && server === 'http2') expect(after?.code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  });
});

it('leaves a row for each of them', async () => {
  const ended = await Promise.all([plain, recorded].map((one) => one.stop().then(() => one.ended)));
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  const records = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
  const of = (endpoint: string) => records.filter((record) => record.endpoint === endpoint);
  // In a pipeline, on a connection that is kept, by itself and as HEAD, over four frameworks; over http2 by itself and as HEAD, both ways.
  expect(of('/json')).toHaveLength(4 * 4 + 4);
  expect(
    of('/echo').filter(({ requestBody, responseBody }) => [requestBody, responseBody].join() === '"onetwo","onetwo"'),
  ).toHaveLength(2);
  expect(of('/reset').map(({ responseStatus, reason }) => [responseStatus, reason !== undefined])).toEqual([
    [200, true],
    [200, true],
  ]);
  expect(of('/packed')).toHaveLength(4 * 3);
  expect(of('/parsed').filter(({ requestBody }) => requestBody === json)).toHaveLength(4);
  expect(of('/upload').filter(({ reason }) => reason !== undefined)).toHaveLength(4);
  expect(of('/unchanged').map(({ responseStatus, reason }) => [responseStatus, reason])).toEqual(
    Array.from({ length: 4 }, () => [304, undefined]),
  );
  expect(of('/late').map(({ responseStatus, reason }) => [responseStatus, reason])).toEqual(
    Array.from({ length: 4 }, () => [undefined, expect.stringContaining('timed out')]),
  );
  expect(of('/cut').map(({ responseStatus, reason }) => [responseStatus, reason === undefined])).toEqual(
    Array.from({ length: 4 }, () => [200, false]),
  );
});
