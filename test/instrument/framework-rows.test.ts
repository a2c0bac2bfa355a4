import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { get as getSecurely } from 'node:https';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../faults/until.ts';
import { useDatabase } from '../harness/database.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { createForeignApp } from './foreign-app.ts';
import { type Service, startService } from './service.ts';

const database = useDatabase();
const foreign = createForeignApp();
/** A pre-shared key saves the certificate. */
const client = {
  ciphers: 'PSK-AES128-GCM-SHA256',
  maxVersion: 'TLSv1.2',
  pskCallback: () => ({ psk: Buffer.alloc(16, 7), identity: 'client' }),
  checkServerIdentity: () => undefined,
} as const;
let reader: pg.Client;
let workshop: Workshop;
let service: Service;

beforeAll(async () => {
  reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
  workshop = createWorkshop();
  foreign.copyPackage('express4', 'express');
  service = await startService(workshop, 'frameworks/services.mjs', {
    DATABASE_URL: database.url,
    APP_WITH_EXPRESS_4: `${foreign.directory}/index.js`,
    SPANLEDGER_REQUEST_BODIES: 'on',
    SPANLEDGER_USER_ID_FROM: 'var.user.id,state.user.id,user.id,auth.credentials.user.id',
  });
});
afterAll(async () => {
  await service.stop();
  await workshop.remove();
  foreign.remove();
  await reader.end();
});

/** Rows of these correlation ids, once there are as many. */
async function rowsOf(...ids: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const find = async () => {
    const { rows } = await reader.query(
      `select correlation_id, method, endpoint, route, response_status, reason, user_id
        from spanledger.api_logs where correlation_id = any($1) order by correlation_id`,
      [ids],
    );
    return rows as Readonly<Record<string, unknown>>[];
  };
  await until(`the rows of ${ids.join(', ')}`, 20_000, async () => (await find()).length >= ids.length);
  const rows = await find();
  expect(rows.map((row) => row.correlation_id)).toEqual([...ids].sort());
  return rows;
}

const requests: readonly (readonly [string, string, string, number, string | null])[] = [
  ['express4', 'GET', '/api/users/7', 200, '/api/users/:id'],
  ['express4', 'GET', '/broken', 500, '/broken'],
  ['express4', 'GET', '/nowhere', 404, null],
  ...['mounted4', 'mounted5'].flatMap((service): readonly (typeof requests)[number][] => [
    [service, 'GET', '/api/one', 200, '/api/one'],
    [service, 'GET', '/api/two/7', 200, '/api/two/:id'],
    [service, 'GET', '/api', 200, '/api'],
    [service, 'GET', '/api/three', 200, '/api/three'],
    [service, 'GET', '/api/thrown', 500, '/api/thrown'],
    [service, 'GET', '/deep/1/b/2/two/3', 200, '/deep/:a/b/:b/two/:id'],
    [service, 'GET', '/tenants/acme/users/7', 200, '/tenants/:tenant/users/:id'],
    [service, 'GET', '/tenants/acme/else', 200, '/tenants/:tenant/else'],
    [service, 'GET', '/wrapped/two/7', 200, '/wrapped/two/:id'],
    [service, 'GET', '/right', 200, '/left,/right'],
    [service, 'GET', '/api/nowhere', 404, null],
  ]),
  ['hono', 'GET', '/users/7', 200, '/users/:id'],
  ['hono', 'HEAD', '/users/7', 200, '/users/:id'],
  ['hono', 'POST', '/users', 201, '/users'],
  ['hono', 'GET', '/broken', 500, '/broken'],
  ['hono', 'GET', '/pages/imprint', 200, '/pages/:name{[a-z]+}'],
  ['hono', 'GET', '/old/tales/3', 200, '/old/tales/:id'],
  ['hono', 'GET', '/closed/door', 401, null],
  ['hono', 'GET', '/many/any/thing', 200, '/many/any/*'],
  ['hono', 'GET', '/many/on/thing', 200, '/many/on/*'],
  ['hono', 'GET', '/many/passing/7', 200, '/many/passing/:name'],
  ['hono', 'GET', '/many/passing/7/8', 404, null],
  ['hono', 'GET', '/mounted/7', 200, '/mounted/:id'],
  ['hono', 'GET', '/mounted/x/deep/7', 200, '/mounted/x/deep/:id'],
  ['hono', 'GET', '/whole/path', 200, '/whole/*'],
  ['hono', 'GET', '/nowhere', 404, null],
  ['tales', 'GET', '/tales/3', 200, '/tales/:id'],
  ['koa', 'GET', '/api/users/7', 200, '/api/users/:id'],
  ['koa', 'HEAD', '/api/users/7', 200, '/api/users/:id'],
  ['koa', 'GET', '/api/late/7', 200, '/api/late/:id'],
  ['koa', 'GET', '/api/broken', 500, '/api/broken'],
  ['koa', 'GET', '/api/inner/imprint', 200, '/api/inner/:page'],
  ['koa', 'GET', '/api/closed/door', 401, '/api/closed/door'],
  ['koa', 'POST', '/api/late/7', 405, null],
  ['koa', 'GET', '/nowhere', 404, null],
  ['fastify', 'GET', '/users/7', 200, '/users/:id'],
  ['fastify', 'GET', '/twice/7', 200, '/twice/:id'],
  ['fastify', 'GET', '/closed/door/7', 401, '/closed/door/:key'],
  ['fastify', 'GET', '/nowhere', 404, null],
  ['hapi', 'GET', '/api/users/7', 200, '/api/users/{id}'],
  ['hapi', 'POST', '/api/users', 201, '/api/users'],
  ['hapi', 'GET', '/api/files/a/b', 200, '/api/files/{path*}'],
  ['hapi', 'GET', '/api/broken', 500, '/api/broken'],
  ['hapi', 'GET', '/nowhere', 404, null],
  ['nest', 'GET', '/api/users/7', 200, '/api/users/:id'],
  ['nest', 'POST', '/api/users', 202, '/api/users'],
  ['nest', 'GET', '/api/users/7/broken', 500, '/api/users/:id/broken'],
  ['nest', 'GET', '/nowhere', 404, null],
  ['nestFastify', 'GET', '/api/users/7', 200, '/api/users/:id'],
  ['nestFastify', 'POST', '/api/users', 202, '/api/users'],
  ['nestFastify', 'GET', '/api/users/7/broken', 500, '/api/users/:id/broken'],
  ['nestFastify', 'GET', '/nowhere', 404, null],
];

it('is one for each request, with the route as the framework has it, the status and the correlation id', async () => {
  const sent = await Promise.all(
    requests.map(async ([framework, method, path], index) => {
      const id = `row-${String(index).padStart(3, '0')}`;
      const response = await fetch(`http://127.0.0.1:${service.ports[framework]}${path}`, {
        method,
        headers: { 'x-correlation-id': id, 'content-type': 'application/json' },
        ...(method === 'POST' && { body: '{"name":"Ann"}' }),
      });
      expect(response.headers.get('x-correlation-id')).toBe(id);
      await response.arrayBuffer();
      return id;
    }),
  );
  const rows = await rowsOf(...sent);
  const told = rows.map(({ method, endpoint, route, response_status, reason }, index) => [
    requests[index]?.[0],
    method,
    endpoint,
    response_status,
    route,
    reason,
  ]);
  expect(told).toEqual(requests.map((request) => [...request, null]));
});

it.each([
  ['hono', '/users/7', 'user-7'],
  ['koa', '/api/users/7', 'user-8'],
  ['fastify', '/closed/door/7', 'user-9'],
  ['hapi', '/api/users/7', 'user-10'],
])('has the user that %s keeps', async (framework, path, user) => {
  const headers = { 'x-correlation-id': `${framework}-user`, authorization: 'Basic eDp5' };
  await fetch(`http://127.0.0.1:${service.ports[framework]}${path}`, { headers });
  expect(await rowsOf(`${framework}-user`)).toMatchObject([{ user_id: user }]);
});

it('is one for each request in a pipeline and on a connection that is kept', async () => {
  const socket = connect(service.ports.express4 ?? 0, '127.0.0.1');
  const ask = (id: string, more = '') =>
    `GET /api/users/${id} HTTP/1.1\r\nHost: a\r\nX-Correlation-ID: ${id}\r\n${more}\r\n`;
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.write(ask('pipe-1') + ask('pipe-2') + ask('pipe-3'));
  while (!answer.includes('{"id":"pipe-3"}')) await once(socket, 'data');
  socket.write(ask('pipe-4', 'Connection: close\r\n'));
  await once(socket, 'close');
  expect([...answer.matchAll(/x-correlation-id: (\S+)/gi)].map(([, id]) => id)).toEqual([
    'pipe-1',
    'pipe-2',
    'pipe-3',
    'pipe-4',
  ]);
  const rows = await rowsOf('pipe-1', 'pipe-2', 'pipe-3', 'pipe-4');
  expect(rows.map(({ endpoint, route, response_status }) => [endpoint, route, response_status])).toEqual(
    [1, 2, 3, 4].map((index) => [`/api/users/pipe-${index}`, '/api/users/:id', 200]),
  );
});

it('is there for https, and for http2 whichever protocol the client chooses', async () => {
  const address = { ...client, host: '127.0.0.1', agent: false } as const;
  const status = async (port: number | undefined, path: string, id: string) => {
    const request = getSecurely({ ...address, port, path, headers: { 'x-correlation-id': id } });
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode as number;
  };
  expect(await status(service.ports.https, '/api/users/8', 'secure-1')).toBe(200);
  expect(await status(service.ports.http2, '/old', 'secure-2')).toBe(200);
  const port = service.ports.http2 ?? 0;
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    createConnection: () => connectSecurely({ ...client, host: '127.0.0.1', port, ALPNProtocols: ['h2'] }),
  });
  const stream = session.request({ ':path': '/new', 'x-correlation-id': 'secure-3' });
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ ':status': 200, 'x-correlation-id': 'secure-3' });
  stream.resume();
  await once(stream, 'end');
  session.close();
  expect(await rowsOf('secure-1', 'secure-2', 'secure-3')).toMatchObject([
    { endpoint: '/api/users/8', route: '/api/users/:id', response_status: 200 },
    { endpoint: '/old', response_status: 200, reason: null },
    { endpoint: '/new', response_status: 200, reason: null },
  ]);
});

it('is there for a stream of http2 that the service takes as it is, with its bodies', async () => {
  const session = connectHttp2(`http://127.0.0.1:${service.ports.streams}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/taken?as=a-stream',
    'content-type': 'application/json',
    'x-correlation-id': 'stream-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  stream.end('{"a":1}');
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ ':status': 200, 'x-correlation-id': 'stream-1' });
  let text = '';
  for await (const part of stream) text += part;
  session.close();
  expect(text).toBe('{"sent":{"a":1},"to":"/taken?as=a-stream"}');
  await rowsOf('stream-1');
  const { rows } = await reader.query(
    `select method, endpoint, response_status, reason, request_body, response_body, trace_id::text, ip_address
      from spanledger.api_logs where correlation_id = 'stream-1'`,
  );
  expect(rows).toEqual([
    {
      method: 'POST',
      endpoint: '/taken',
      response_status: 200,
      reason: null,
      request_body: { a: 1 },
      response_body: { sent: { a: 1 }, to: '/taken?as=a-stream' },
      trace_id: '0af76519-16cd-43dd-8448-eb211c80319c',
      ip_address: '127.0.0.1',
    },
  ]);
});
