import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../faults/until.ts';
import { useDatabase } from '../harness/database.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../register/otlp-receiver.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';
import { ask, type Service, startService } from './service.ts';

const uuid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const server = 2;
const client = 3;

interface Bench {
  receiver: OtlpReceiver;
  workshop: Workshop;
  service: Service;
}

async function receivedSpans({ receiver }: Bench, count: number, traceId?: string): Promise<readonly ReceivedSpan[]> {
  const found = () => receiver.spans.filter((span) => traceId === undefined || span.traceId === traceId);
  await until(`${count} spans of ${traceId}`, 20_000, () => found().length >= count);
  return found();
}

/** Sent at once and not in five seconds. */
const promptly = { OTEL_BSP_SCHEDULE_DELAY: '50' };

describe('an Express service in CommonJS', () => {
  const database = useDatabase();
  const bench = {} as Bench;
  beforeAll(async () => {
    bench.receiver = await startOtlpReceiver();
    bench.workshop = createWorkshop();
    bench.service = await startService(bench.workshop, 'express.cjs', {
      ...promptly,
      DATABASE_URL: database.url,
      APP_DATABASE: database.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: bench.receiver.endpoint,
      // On a machine that is busy it may stand still, of which the watchdog would make rows.
      SPANLEDGER_WATCHDOG_THRESHOLD: '60000',
    });
  });
  afterAll(async () => {
    await bench.workshop.remove();
    await bench.receiver.close();
  });

  it('makes no span and no row but its heartbeat while it is idle', async () => {
    const reader = new pg.Client({ connectionString: database.url });
    await reader.connect();
    const count = async (table: string) => {
      const { rows } = await reader.query(`select count(*)::int as count from spanledger.${table}`);
      return rows[0]?.count as number;
    };
    const seen = async () =>
      (await reader.query('select max(last_seen_at) as at from spanledger.instances')).rows[0]?.at;
    await until('the first heartbeat', 30_000, async () => (await count('instances')) === 1);
    const first = String(await seen());
    await until('the next heartbeat', 30_000, async () => String(await seen()) !== first);
    for (const table of ['audit_log', 'api_logs', 'task_progress'])
      expect([table, await count(table)]).toEqual([table, 0]);
    expect(bench.receiver.spans).toEqual([]);
    await reader.end();
  });

  it('has a span with its route for a request, and one for the query in it, under the id that the caller sent', async () => {
    const { correlation, body } = await ask(bench.service.ports.express, '/api/users/7', { 'x-correlation-id': uuid });
    expect({ correlation, body }).toEqual({ correlation: uuid, body: { id: '7', rows: [{ one: 1 }] } });
    const spans = await receivedSpans(bench, 2, uuid.replaceAll('-', ''));
    const request = spans.find(({ kind }) => kind === server);
    const query = spans.find(({ kind }) => kind === client);
    expect(request).toMatchObject({ name: 'GET /api/users/:id', parentSpanId: '' });
    expect(request?.attributes).toMatchObject({ 'http.route': '/api/users/:id', 'spanledger.correlation.id': uuid });
    expect(query).toMatchObject({
      name: 'SELECT',
      parentSpanId: request?.spanId,
      scope: '@opentelemetry/instrumentation-pg',
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': 'SELECT',
        'db.query.summary': 'SELECT',
        'db.query.text': 'select ? as one',
      },
    });
    expect(spans).toHaveLength(2);
  });

  it('has a span with the SQLSTATE for a query that failed, and without its values', async () => {
    const { correlation, body } = await ask(bench.service.ports.express, '/api/missing');
    expect(body).toEqual({ error: '42P01' });
    const spans = await receivedSpans(bench, 2, correlation ?? '');
    expect(spans.find(({ kind }) => kind === client)).toMatchObject({
      name: 'SELECT no_such_table',
      statusCode: 2,
      attributes: {
        'error.type': '42P01',
        'db.response.status_code': '42P01',
        'db.query.text': 'select * from no_such_table where id = $1',
      },
    });
  });

  it('forwards one trace and one correlation id through fetch and node:http, the very first calls included', async () => {
    const { correlation, body } = await ask(bench.service.ports.express, '/api/relay');
    expect(correlation).toMatch(/^[0-9a-f]{32}$/);
    for (const headers of [body.fetched, body.got]) {
      expect(headers?.['x-correlation-id']).toBe(correlation);
      expect(headers?.traceparent).toContain(correlation);
    }
    const spans = await receivedSpans(bench, 5, correlation ?? '');
    expect(spans.map(({ kind }) => kind).sort()).toEqual([server, server, server, client, client]);
  });

  it.each([
    ['is too long', 'a'.repeat(200)],
    ['could forge a line', 'one two=three'],
    ['could forge a cell', '=cmd(1)'],
  ])('makes an id of its own where the one of the caller %s', async (_, given) => {
    const { correlation } = await ask(bench.service.ports.express, '/echo', { 'x-correlation-id': given });
    expect(correlation).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keeps the trace of the caller beside the correlation id of the caller', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const { correlation } = await ask(bench.service.ports.express, '/echo', { traceparent, 'x-correlation-id': uuid });
    expect(correlation).toBe(uuid);
    const [span] = await receivedSpans(bench, 1, traceId);
    expect(span).toMatchObject({ parentSpanId: 'b7ad6b7169203331' });
    expect(span?.attributes['spanledger.correlation.id']).toBe(uuid);
  });

  it('survives trace headers that are no such thing', async () => {
    const headers = { traceparent: '00-ffff-zz-01', tracestate: '=;=;,', baggage: '%%%;=,=' };
    const { status, correlation } = await ask(bench.service.ports.express, '/echo', headers);
    expect(status).toBe(200);
    expect(correlation).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('services in ES modules', () => {
  const database = useDatabase('empty');
  const bench = {} as Bench;
  beforeAll(async () => {
    bench.receiver = await startOtlpReceiver();
    bench.workshop = createWorkshop();
    bench.service = await startService(bench.workshop, 'service.mjs', {
      ...promptly,
      APP_DATABASE: database.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: bench.receiver.endpoint,
    });
  });
  afterAll(async () => {
    await bench.workshop.remove();
    await bench.receiver.close();
  });

  it.each([
    ['http', 'GET', undefined],
    ['express', 'GET /users/:id', '/users/:id'],
    ['fastify', 'GET /users/:id', '/users/:id'],
    ['koa', 'GET', undefined],
  ])('have a span for each request of %s, with what is known of its route', async (framework, name, route) => {
    const { correlation, body } = await ask(bench.service.ports[framework], '/users/7');
    expect(body).toMatchObject({ sameGet: true, samePg: true });
    const [span, ...more] = await receivedSpans(bench, 1, correlation ?? '');
    expect(span).toMatchObject({ name, kind: server });
    expect(span?.attributes['http.route']).toBe(route);
    expect(more).toEqual([]);
  });

  it('send one trace and one correlation id with the first request of the package undici', async () => {
    const { correlation, body } = await ask(bench.service.ports.undici, '/');
    expect(body.headers?.traceparent).toMatch(new RegExp(`^00-${correlation}-[0-9a-f]{16}-03$`));
    expect(body.headers?.['x-correlation-id']).toBe(correlation);
    const spans = await receivedSpans(bench, 3, correlation ?? '');
    expect(spans.map(({ kind }) => kind).sort()).toEqual([server, server, client]);
  });

  it('have a span for each query of a client that is imported', async () => {
    const { correlation } = await ask(bench.service.ports.http, '/query');
    const spans = await receivedSpans(bench, 2, correlation ?? '');
    expect(spans.map(({ kind }) => kind).sort()).toEqual([server, client]);
  });
});

describe('what is not wanted', () => {
  it('is left alone: no header, no span, no patch', async () => {
    const receiver = await startOtlpReceiver();
    const workshop = createWorkshop();
    const env = { ...promptly, SPANLEDGER_INSTRUMENT: 'off', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
    const service = await startService(workshop, 'service.mjs', env);
    expect((await ask(service.ports.express, '/users/7')).correlation).toBeNull();
    await service.stop();
    expect(receiver.spans).toEqual([]);
    await workshop.remove();
    await receiver.close();
  });

  it('can be one instrumentation, by the standard variables, and the correlation header', async () => {
    const receiver = await startOtlpReceiver();
    const workshop = createWorkshop();
    const service = await startService(workshop, 'service.mjs', {
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'express,pg',
      SPANLEDGER_CORRELATION_HEADER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      SPANLEDGER_START_REPORT: workshop.directory,
    });
    expect((await ask(service.ports.express, '/users/7')).correlation).toBeNull();
    await service.stop();
    expect(receiver.spans.map(({ name }) => name)).toEqual(['GET']);
    const report = JSON.parse(readFileSync(`${workshop.directory}/${service.child.pid}.json`, 'utf8'));
    const statuses = Object.fromEntries(
      report.modules.map((found: { module: string; status: string }) => [found.module, found.status]),
    );
    expect(statuses).toMatchObject({
      http: 'patched',
      express: 'disabled',
      pg: 'disabled',
      fastify: 'seen',
      koa: 'patched',
    });
    await workshop.remove();
    await receiver.close();
  });
});
