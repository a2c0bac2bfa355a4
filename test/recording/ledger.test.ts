import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLedger, type Ledger } from '../../src/index.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { createShipper } from '../../src/shipping/shipper.ts';
import { useDatabase } from '../harness/database.ts';
import { freePort } from '../harness/free-port.ts';
import { useSdk } from '../telemetry/captured-events.ts';

const database = useDatabase();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const uuid = '0af76519-16cd-43dd-8448-eb211c80319c';
let directory: string;
let ledger: Ledger;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-ledger-'));
});
afterEach(async () => {
  await ledger.close();
  rmSync(directory, { recursive: true, force: true });
});

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const inDatabase = (service: string) =>
  createLedger({ databaseUrl: database.url, spoolDir: directory, service, sink: 'database' });

describe('a ledger of rows', () => {
  test('S3.8 S3.9 S3.13 S3.16 takes plain objects, completes them and leaves them as they were', async () => {
    ledger = inDatabase('plain');
    const request = Object.freeze({
      trace_id: traceId,
      method: 'POST',
      endpoint: '/orders?token=hunter2',
      request_header: Object.freeze({ Accept: 'text/html', Authorization: 'Bearer hunter2', 'X-Other': '1' }),
      request_body: Object.freeze({ lines: [1, 2], password: 'hunter2' }),
      response_status: 201,
      duration_ms: 12.5,
    });
    const before = Date.now();
    ledger.log('api_logs', request);
    ledger.log('audit_log', { trace_id: traceId, message: 'placed', event: 'order.placed', details: { big: 10n } });
    expect(await ledger.flush()).toBe(true);
    const [row] = await ask("select * from spanledger.api_logs where service_name = 'plain'");
    expect(row).toMatchObject({
      trace_id: uuid,
      direction: 'inbound',
      method: 'POST',
      endpoint: '/orders',
      request_header: { Accept: 'text/html' },
      request_body: { lines: [1, 2], password: '[redacted]' },
      response_status: 201,
      duration_ms: 12.5,
    });
    expect(Number(row?.created_at)).toBeGreaterThanOrEqual(before);
    const audit = await ask(
      "select event, level, message, details from spanledger.audit_log where service_name = 'plain'",
    );
    expect(audit).toEqual([{ event: 'order.placed', level: 'info', message: 'placed', details: { big: 10 } }]);
    expect(ledger.stats()).toMatchObject({ logged: 2, dropped: 0, failures: 0 });
  });

  test('S3.2 S3.4 moves the row of a step forward, and leads from a failed request to the failing step', async () => {
    ledger = inDatabase('steps');
    const step = { trace_id: uuid, task_name: 'closing', step_name: 'sum up', execution_order: 2 };
    const begin = '2025-11-22T10:00:00.000Z';
    ledger.log('task_progress', { ...step, status: 'START', created_at: begin, input_data: { month: 5 } });
    ledger.log('task_progress', {
      ...step,
      status: 'IN_PROGRESS',
      created_at: '2025-11-22T10:00:01Z',
      done: 3,
      total: 9,
    });
    const error_message = 'no rate for CHF';
    ledger.log('task_progress', { ...step, status: 'FAILED', created_at: '2025-11-22T10:00:02.500Z', error_message });
    ledger.log('api_logs', { trace_id: traceId, method: 'GET', endpoint: '/closing', response_status: 500 });
    expect(await ledger.flush()).toBe(true);
    const found =
      await ask(`select p.step_name, p.status, p.done::int, p.total::int, p.error_message, p.duration_ms, p.input_data,
      p.created_at from spanledger.api_logs a join spanledger.task_progress p using (trace_id)
      where a.response_status = 500 and a.service_name = 'steps'`);
    expect(found).toEqual([
      {
        step_name: 'sum up',
        status: 'FAILED',
        done: 3,
        total: 9,
        error_message,
        duration_ms: 2500,
        input_data: { month: 5 },
        created_at: new Date(begin),
      },
    ]);
    await ledger.close();
    expect(
      await ask("select ended_at is not null as ended from spanledger.instances where service_name = 'steps'"),
    ).toEqual([{ ended: true }]);
  });

  test('S3.3 adopts a trace id that the client sent as a UUID, and keeps any other text as correlation id', async () => {
    ledger = createLedger({ sink: 'memory', spoolDir: directory });
    ledger.log('audit_log', { trace_id: uuid, message: 'adopted' });
    ledger.log('audit_log', { trace_id: 'order-7', message: 'kept' });
    expect(ledger.rows.map(({ values }) => [values.trace_id, values.correlation_id])).toEqual([
      [traceId, undefined],
      [expect.stringMatching(/^[0-9a-f]{32}$/), 'order-7'],
    ]);
  });

  test('S3.14 S3.17 throws nothing while no database answers, and what it kept is stored later, once', async () => {
    const databaseUrl = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
    ledger = createLedger({ databaseUrl, spoolDir: directory, service: 'patient' });
    ledger.log('audit_log', { message: 'kept' });
    expect(await ledger.flush()).toBe(false);
    expect(ledger.stats()).toMatchObject({ logged: 1, dropped: 0, shipped: 0 });
    expect(ledger.stats().failures).toBeGreaterThan(0);
    await ledger.close();
    ledger.log('audit_log', { message: 'too late' });
    expect(ledger.stats()).toMatchObject({ logged: 2, dropped: 1 });
    const store = createPostgresStore({ connectionString: database.url });
    const shipper = createShipper({ directory, store });
    expect(await shipper.shipOnce()).toMatchObject({ status: 'caught-up', records: 1 });
    expect(await shipper.shipOnce()).toMatchObject({ records: 0 });
    await store.close();
    expect(await ask("select message from spanledger.audit_log where service_name = 'patient'")).toEqual([
      { message: 'kept' },
    ]);
  });

  test('S3.19 is replaced in tests by one that keeps rows in memory, in files alone, or nowhere', async () => {
    ledger = createLedger({ sink: 'memory', spoolDir: directory });
    ledger.log('api_logs', { method: 'GET', endpoint: '/' });
    expect(ledger.rows).toMatchObject([{ table: 'api_logs', values: { method: 'GET' } }]);
    const none = createLedger({ sink: 'none', spoolDir: directory });
    none.log('api_logs', { method: 'GET', endpoint: '/' });
    expect([none.rows, await none.flush()]).toEqual([[], true]);
    await none.close();
    const file = createLedger({ sink: 'file', spoolDir: directory, databaseUrl: database.url });
    file.log('api_logs', { method: 'GET', endpoint: '/' });
    expect(await file.flush()).toBe(true);
    await file.close();
    expect(readdirSync(directory)).toContain('journal');
  });

  test('S3.18 S3.21 writes into the trace of the span that is active where it is called', () => {
    useSdk();
    ledger = createLedger({ sink: 'memory', spoolDir: directory });
    trace.getTracer('app').startActiveSpan('work', (span) => {
      ledger.log('audit_log', { message: 'here' });
      ledger.log('audit_log', { message: 'elsewhere', trace_id: traceId });
      const { traceId: active, spanId } = span.spanContext();
      expect(ledger.rows.map(({ values }) => [values.trace_id, values.span_id])).toEqual([
        [active, spanId],
        [traceId, undefined],
      ]);
      span.end();
    });
  });

  test.each([
    ['drop table x', { message: 'm' }, 'the table drop table x'],
    ['audit_log', { message: 'm', colour: 'red' }, 'colour'],
    ['audit_log', { message: 'm', level: 'loud' }, 'loud'],
    ['audit_log', {}, 'undefined'],
    ['task_progress', { task_name: 't', step_name: 's', status: 'DONE' }, 'DONE'],
    ['api_logs', null, 'null'],
  ])('refuses what no table has: %s %j', (table, row, given) => {
    ledger = createLedger({ sink: 'memory', spoolDir: directory });
    expect(() => ledger.log(table as 'audit_log', row as unknown as { message: string })).toThrow(
      expect.objectContaining({ code: 'SPANLEDGER_ARGUMENT_INVALID', details: expect.objectContaining({ given }) }),
    );
    expect(ledger.stats().logged).toBe(0);
  });
});
