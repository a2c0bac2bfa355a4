import { createServer } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../faults/until.ts';
import { useDatabase } from '../harness/database.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { type Service, startService } from './service.ts';

const database = useDatabase();
const peer = createServer((_, response) => response.end('{"from":"peer"}'));
let reader: pg.Client;
let workshop: Workshop;
let service: Service;

beforeAll(async () => {
  reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  workshop = createWorkshop();
  service = await start();
});
afterAll(async () => {
  await workshop.remove();
  peer.close();
  await reader.end();
});

function start(): Promise<Service> {
  return startService(workshop, 'recorded.mjs', {
    DATABASE_URL: database.url,
    PEER: `http://127.0.0.1:${(peer.address() as AddressInfo).port}/peer?token=abcdef`,
    SPANLEDGER_REQUESTS: 'all',
    SPANLEDGER_REQUEST_BODIES: 'on',
    SPANLEDGER_TRUSTED_PROXIES: 'loopback,10.0.0.0/8',
    SPANLEDGER_USER_ID_FROM: 'user.id,header:x-user-id',
  });
}

/** The one row of a correlation id and direction, once it is there. */
async function rowOf(id: string, direction = 'inbound') {
  const find = async () =>
    (
      await reader.query(
        `select method, endpoint, route, request_header, request_body, response_status, response_body, reason, ip_address, user_id,
            replace(trace_id::text, '-', '') as trace_id, duration_ms
          from spanledger.api_logs where correlation_id = $1 and direction = $2`,
        [id, direction],
      )
    ).rows;
  await until(`the row of ${id}`, 20_000, async () => (await find()).length > 0);
  const [row, ...more] = await find();
  expect(more).toEqual([]);
  return row;
}

async function send(framework: string, path: string, id: string, init: RequestInit = {}) {
  const headers = { 'x-correlation-id': id, ...(init.headers as Record<string, string>) };
  return fetch(`http://127.0.0.1:${service.ports[framework]}${path}`, { ...init, headers });
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: {
    'content-type': 'application/json',
    authorization: 'Bearer do-not-keep',
    'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.1.2.3',
  },
});

describe('the row of a request', () => {
  it('has everything that was said, and no secret', async () => {
    const sent = json({ name: 'Ann', password: 'do-not-keep' });
    expect((await send('express', '/users/7?key=do-not-keep', 'said-1', sent)).status).toBe(201);
    const row = await rowOf('said-1');
    expect(row).toMatchObject({
      method: 'POST',
      endpoint: '/users/7',
      route: '/users/:id',
      response_status: 201,
      reason: null,
      ip_address: '203.0.113.9',
      user_id: 'user-7',
      request_body: { name: 'Ann' },
      response_body: { made: 'Ann' },
    });
    expect(row.request_header).toMatchObject({ 'content-type': 'application/json' });
    expect(row.request_header).not.toHaveProperty('authorization');
    expect(JSON.stringify(row)).not.toContain('do-not-keep');
    expect(row.duration_ms).toBeGreaterThan(0);
  });

  it('has no body where the route is one for secrets', async () => {
    await send('express', '/reset-password', 'secret-1', json({ a: 1 }));
    expect(await rowOf('secret-1')).toMatchObject({ response_status: 200, request_body: null, response_body: null });
  });

  it('has the user that Fastify knows, and the route', async () => {
    await send('fastify', '/users/8', 'fastify-1');
    expect(await rowOf('fastify-1')).toMatchObject({ user_id: '42', route: '/users/:id', response_body: { id: '8' } });
  });

  it('is there for http2, with both bodies', async () => {
    const session = connect(`http://127.0.0.1:${service.ports.http2}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/two',
      'content-type': 'application/json',
      'x-correlation-id': 'two-1',
      'x-user-id': 'ann',
    });
    stream.end('{"two":2}');
    let text = '';
    for await (const part of stream) text += part;
    session.close();
    expect(text).toBe('{"two":2}');
    expect(await rowOf('two-1')).toMatchObject({
      endpoint: '/two',
      response_status: 200,
      reason: null,
      request_body: { two: 2 },
      response_body: { two: 2 },
      user_id: 'ann',
      ip_address: '127.0.0.1',
    });
  });

  it('is there for a call that goes out, without what is secret in its address', async () => {
    await send('express', '/calls', 'calls-1');
    const { port } = peer.address() as AddressInfo;
    const row = await rowOf('calls-1', 'outbound');
    expect(row).toMatchObject({ method: 'GET', endpoint: `http://127.0.0.1:${port}/peer`, response_status: 200 });
    expect((await rowOf('calls-1')).trace_id).toBe(row.trace_id);
  });
});

describe('the row of a request that went wrong', () => {
  it('has the status of an error that the framework answered', async () => {
    await send('express', '/broken', 'broken-1');
    expect(await rowOf('broken-1')).toMatchObject({ response_status: 500, route: '/broken' });
  });

  it('has no status, and says that the client has gone', async () => {
    const stop = new AbortController();
    const gone = send('patient', '/late', 'gone-1', { signal: stop.signal });
    const refused = expect(gone).rejects.toThrow();
    await service.said('late gone-1');
    stop.abort();
    await refused;
    expect(await rowOf('gone-1')).toMatchObject({ response_status: null, reason: expect.stringContaining('closed') });
  });

  it('has no status, and says that the time was up', async () => {
    await expect(send('hasty', '/late', 'late-1')).rejects.toThrow();
    expect(await rowOf('late-1')).toMatchObject({
      response_status: null,
      reason: expect.stringContaining('timed out'),
    });
  });

  it('has the status that was sent, and says why there is no more', async () => {
    await (await send('express', '/half', 'half-1')).text().catch(() => undefined);
    const row = await rowOf('half-1');
    expect(row).toMatchObject({ response_status: 200, reason: expect.stringContaining('No more of it.') });
  });

  it.each([
    ['exit', 3],
    ['crash', 1],
  ])('is there when the process ends before the answer (%s)', async (how, code) => {
    await expect(send('patient', `/${how}`, `${how}-1`)).rejects.toThrow();
    expect((await service.ended).code).toBe(code);
    const row = await rowOf(`${how}-1`);
    expect(row).toMatchObject({ response_status: null, reason: expect.stringContaining('process ended') });
    service = await start();
  });

  it('has what a listener threw, and Node.js prints the line of the program that threw it', async () => {
    await expect(send('throwing', '/', 'thrown-1')).rejects.toThrow();
    const { code, stderr } = await service.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^file:.*recorded\.mjs:\d+\n +throw new Error\('It was thrown\.'\);\n +\^/m);
    expect(await rowOf('thrown-1')).toMatchObject({ response_status: null, reason: 'It was thrown.' });
    service = await start();
  });
});
