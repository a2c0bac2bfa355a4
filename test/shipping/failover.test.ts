import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { migrate } from '../../src/shipping/postgres-migration.ts';
import { createPostgresStore, type PostgresStoreOptions } from '../../src/shipping/postgres-store.ts';
import { createShipper } from '../../src/shipping/shipper.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { standbyName, startStandby } from '../harness/standby.ts';
import { auditRow, noon, sampleOwner, shipment, traceId } from './sample-rows.ts';

let primary: PostgresServer;
let standby: PostgresServer;
const patience = { timeout: 60_000, interval: 20 };
/** A time limit that has to pass in a test, and within which a busy machine does what is asked of it all the same. */
const plentyMillis = 1_500;
const stores: ReturnType<typeof createPostgresStore>[] = [];

const open = (connectionString: string, options: Partial<PostgresStoreOptions> = {}) => {
  const store = createPostgresStore({ connectionString, now: () => noon, ...options });
  stores.push(store);
  return store;
};

/** Both servers in one connection string, the first one first. */
const both = (one: PostgresServer, other: PostgresServer, query = '') =>
  one.url.replace(/(127\.0\.0\.1:\d+)/, `$1,${new URL(other.url).host}`) + query;

async function ask<T extends pg.QueryResultRow>(server: PostgresServer, sql: string): Promise<readonly T[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const ownConnections = (server: PostgresServer) =>
  ask(server, `select from pg_stat_activity where application_name = 'spanledger'`);

/** A server sees a moment later that a connection was given up. An idle one would be given up after thirty seconds. */
const noneIsHeld = (server: PostgresServer) =>
  vi.waitFor(async () => expect(await ownConnections(server)).toHaveLength(0), { ...patience, timeout: 20_000 });

beforeAll(async () => {
  primary = await startPostgres({ durable: true, settings: { synchronous_standby_names: standbyName } });
  standby = await startStandby(primary, { durable: true });
  await migrate({ connectionString: primary.url, schema: 'spanledger' });
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

describe('a standby that is reached by mistake', () => {
  test('is told of, refuses no record, and is not held on to', async () => {
    const result = await open(standby.url).ship(shipment([auditRow()], { segment: 'mistake' }));
    expect(result).toMatchObject({ status: 'unavailable', code: 'DATABASE_FORBIDDEN' });
    expect(result).toHaveProperty('action', expect.stringContaining('standby'));
    await noneIsHeld(standby);
  });

  test('cannot be migrated, and says why', async () => {
    const store = open(standby.url, { schema: 'elsewhere' });
    const failure: unknown = await store.migrator.up().catch((error: unknown) => store.explained(error));
    expect(failure).toMatchObject({ code: 'SPANLEDGER_DATABASE_FORBIDDEN' });
  });

  test('is passed over where another host takes writes', async () => {
    const store = open(both(standby, primary));
    expect(store.description).toBe(
      `postgres://postgres@${new URL(standby.url).host},${new URL(primary.url).host}/postgres`,
    );
    expect(await store.ship(shipment([auditRow()], { segment: 'passed over' }))).toMatchObject({ status: 'stored' });
    await noneIsHeld(standby);
  });

  test('is not passed over where any server will do', async () => {
    const store = open(both(standby, primary, '?target_session_attrs=any'));
    expect(await store.query('select pg_is_in_recovery() as is_standby')).toEqual([{ is_standby: true }]);
    expect(await store.migrator.current()).toBe(store.migrator.latest);
    expect(await store.query('select 1 as one from audit_log limit 0')).toEqual([]);
  });

  test('is named beside the hosts that cannot be reached', async () => {
    const away = new URL(primary.url);
    away.port = '1';
    const store = open(both(standby, { ...primary, url: away.href }));
    await expect(store.query('select 1')).rejects.toMatchObject({
      code: 'SPANLEDGER_DATABASE_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:\d+: it is a standby; 127\.0\.0\.1:1: connect ECONNREFUSED/),
      action: expect.stringContaining('See that the server runs'),
    });
  });
});

describe('a synchronous standby that is away', () => {
  test('keeps a commit open, and what ran out of time there is not taken for stored', async () => {
    // Its partition is made, so that nothing else is committed below.
    expect(await open(primary.url).ship(shipment([auditRow()], { segment: 'before' }))).toMatchObject({
      status: 'stored',
    });
    await standby.kill('SIGINT');
    const store = open(primary.url, { statementTimeoutMillis: plentyMillis });
    const sent = shipment([auditRow()], { segment: 'waits' });
    expect(await store.ship(sent)).toMatchObject({ status: 'unavailable', code: 'ETIMEDOUT' });
    expect(await store.offset(sent.owner.instanceId, sent.segment)).toBe(0);
    await standby.restart();
    const { instanceId } = sent.owner;
    await vi.waitFor(async () => expect(await store.offset(instanceId, 'waits')).toBe(sent.to), patience);
    expect(await store.ship(sent)).toEqual({ status: 'elsewhere', offset: sent.to });
  });
});

describe('a standby that takes over', () => {
  const event = (n: number): LedgerRecord => ({
    type: 'event',
    traceId,
    at: noon + n,
    level: 'info',
    category: 'state_transition',
    event: 'failover',
    message: `event ${n}`,
    seq: n,
  });
  const countIn = async (server: PostgresServer) => {
    const [row] = await ask<{ n: number; distinct: number }>(
      server,
      `select count(*)::int as n, count(distinct seq)::int as distinct from spanledger.audit_log where event = 'failover'`,
    );
    return row;
  };

  test('gets what comes and has what the one before it had, each once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'spanledger-failover-'));
    const journal = openJournal({ directory, owner: sampleOwner('failover'), maxSegmentBytes: 4096 });
    const store = open(both(primary, standby));
    const stop = new AbortController();
    const running = createShipper({ directory, store, instanceId: 'failover', pollMillis: 20 }).run(stop.signal);
    try {
      for (let n = 1; n <= 100; n += 1) journal.append(event(n));
      await vi.waitFor(async () => expect((await countIn(primary))?.n).toBeGreaterThan(0), patience);
      await primary.kill('SIGKILL');
      for (let n = 101; n <= 200; n += 1) journal.append(event(n));
      await ask(standby, 'select pg_promote()');
      await vi.waitFor(async () => expect(await countIn(standby)).toEqual({ n: 200, distinct: 200 }), patience);
    } finally {
      stop.abort();
      await running;
      journal.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
