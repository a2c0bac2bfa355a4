import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPartitionMaker } from '../../src/shipping/partition-maker.ts';
import { partitionNeeds } from '../../src/shipping/partition-months.ts';
import { createPostgresStore, type PostgresStoreOptions } from '../../src/shipping/postgres-store.ts';
import type { SqlDatabase } from '../../src/shipping/sql-connection.ts';
import { useDatabase } from '../harness/database.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { apiRow, auditRow, itemRow, noon, progressRow, shipment } from './sample-rows.ts';

const database = useDatabase();
let admin: pg.Client;
let proxy: TcpProxy;
const stores: ReturnType<typeof createPostgresStore>[] = [];
const patience = { timeout: 20_000, interval: 20 };
/** A time limit that has to pass in a test, and within which a busy machine does what is asked of it all the same. */
const plentyMillis = 1_000;

const open = (options: Partial<PostgresStoreOptions> = {}) => {
  const store = createPostgresStore({ connectionString: proxy.url, now: () => noon, ...options });
  stores.push(store);
  return store;
};

beforeEach(async () => {
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(
    'truncate spanledger.audit_log, spanledger.task_progress, spanledger.shipments, spanledger.instances',
  );
  proxy = await startTcpProxy(database.url);
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await proxy.close();
  await admin.end();
});

const count = async () => {
  const { rows } = await admin.query('select count(*)::int as n from spanledger.audit_log');
  return rows[0].n;
};
/** The process ids of the store's connections that wait for a lock. */
const waiting = async () => {
  const { rows } = await admin.query(
    `select pid from pg_stat_activity where application_name = 'spanledger' and wait_event_type = 'Lock' and datname = current_database()`,
  );
  return rows.map(({ pid }) => Number(pid));
};
const batch = Array.from({ length: 200 }, (_, seq) => auditRow({ seq }));

describe('exactly once', () => {
  test('holds when the answer to COMMIT is lost', async () => {
    const store = open();
    await store.ship(shipment([auditRow()], { segment: 'warm-up' }));
    proxy.loseAnswer('COMMIT\0');
    const first = await store.ship(shipment(batch));
    expect(first.status).toBe('unavailable');
    expect(await store.ship(shipment(batch))).toEqual({ status: 'elsewhere', offset: 100 });
    expect(await count()).toBe(201);
  });

  test('holds when the connection is ended by an administrator in the middle of a batch', async () => {
    const store = open();
    await store.ship(shipment([], { segment: 'warm-up' }));
    await admin.query('begin; lock table spanledger.audit_log in access exclusive mode');
    const shipping = store.ship(shipment(batch));
    const [pid] = await vi.waitFor(async () => {
      const pids = await waiting();
      expect(pids).toHaveLength(1);
      return pids;
    }, patience);
    await admin.query(`select pg_terminate_backend(${pid})`);
    await admin.query('rollback');
    expect(await shipping).toMatchObject({ status: 'unavailable' });
    expect(await store.ship(shipment(batch))).toEqual({ status: 'stored', offset: 100 });
    expect(await count()).toBe(200);
  });

  test('holds when the server is shut down at once and started again', async () => {
    const server = await startPostgres({ durable: true });
    try {
      const store = open({ connectionString: server.url });
      await store.migrator.up();
      expect(await store.ship(shipment(batch, { to: 50 }))).toMatchObject({ status: 'stored' });
      await server.kill('SIGQUIT');
      expect(await store.ship(shipment(batch, { from: 50, to: 99 }))).toMatchObject({ status: 'unavailable' });
      await server.restart();
      expect(await store.ship(shipment(batch, { from: 50, to: 99 }))).toMatchObject({ status: 'stored' });
      expect(await store.query('select count(*) as n, count(distinct id) as ids from audit_log')).toEqual([
        { n: 400, ids: 400 },
      ]);
    } finally {
      await server.stop();
    }
  });

  test('holds even where the server is set to acknowledge before it has written', async () => {
    const { rows } = await admin.query('show synchronous_commit');
    const store = open();
    const inside = await store.database.transaction((connection) => connection.query('show synchronous_commit'));
    expect(rows).toEqual([{ synchronous_commit: 'off' }]);
    expect(inside).toEqual([{ synchronous_commit: 'on' }]);
  });
});

describe('a network that swallows everything', () => {
  test('costs one time limit and one socket, and nothing once it is over', async () => {
    const store = open({ statementTimeoutMillis: plentyMillis, maxConnections: 1 });
    await store.ship(shipment([], { segment: 'warm-up' }));
    proxy.swallowFrom('PGCOPY');
    const swallowed = await store.ship(shipment(batch));
    expect(swallowed.status).toBe('unavailable');
    // Postgres 14 ends the connection itself.
    expect('code' in swallowed && swallowed.code).toMatch(/^(ETIMEDOUT|08006)$/);
    await vi.waitFor(() => expect(proxy.connections()).toBe(0), patience);
    proxy.heal();
    expect(await store.ship(shipment(batch))).toMatchObject({ status: 'stored' });
    expect(await count()).toBe(200);
  });

  test('does not keep a connection attempt waiting', async () => {
    proxy.swallowFrom('');
    const store = open({ connectTimeoutMillis: 150 });
    expect(await store.ship(shipment(batch))).toMatchObject({ status: 'unavailable' });
    await expect(store.query('select 1')).rejects.toMatchObject({ code: 'SPANLEDGER_DATABASE_UNREACHABLE' });
    await vi.waitFor(() => expect(proxy.connections()).toBe(0), patience);
  });
});

describe('other transactions in the way', () => {
  test('a deadlock is tried again at once', async () => {
    const store = open({ maxConnections: 2 });
    const key = { trace_id: '00000000000000000000000000000001', span_id: '0000000000000001' };
    await store.ship(shipment([progressRow(key)]));
    // The other transaction holds the unit's row and then wants the offset's, which the shipment holds.
    await admin.query(`begin; set local deadlock_timeout = '10s'; select 1 from spanledger.task_progress for update`);
    const shipping = store.ship(shipment([progressRow({ ...key, version: noon + 1 })], { from: 100, to: 200 }));
    await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), patience);
    await admin.query('select 1 from spanledger.shipments for update').catch(() => undefined);
    await admin.query('rollback');
    expect(await shipping).toEqual({ status: 'stored', offset: 200 });
  });

  test('a lock that is held for long is a reason to come back, not to wait for ever', async () => {
    const store = open({ statementTimeoutMillis: plentyMillis });
    await admin.query('begin; lock table spanledger.audit_log in access exclusive mode');
    expect(await store.ship(shipment(batch))).toMatchObject({ status: 'unavailable', code: '55P03' });
    await admin.query('rollback');
    expect(await store.ship(shipment(batch))).toMatchObject({ status: 'stored' });
  });
});

describe('a backup that holds every table for hours', () => {
  const month = Date.UTC(2027, 2, 1) * 1000;
  const inMarch = () => auditRow({ created_at: month });
  const partitions = async () => {
    const { rows } = await admin.query(
      `select tableoid::regclass::text as name, count(*)::int as n from spanledger.audit_log group by 1 order by 1`,
    );
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  };

  test('does not hold up what is shipped when a month begins: its partition is made when there is time for it', async () => {
    let now = month;
    const store = open({ now: () => now });
    await store.ship(shipment([], { segment: 'warm-up' }));
    await admin.query('begin; lock table spanledger.audit_log, spanledger.api_logs in access share mode');
    expect(await store.ship(shipment([inMarch()], { from: 0, to: 100 }))).toMatchObject({ status: 'stored' });
    expect(await store.ship(shipment([inMarch()], { from: 100, to: 200 }))).toMatchObject({ status: 'stored' });
    await admin.query('commit');
    expect(await partitions()).toEqual({ 'spanledger.audit_log_default': 2 });
    now += 61_000_000;
    expect(await store.ship(shipment([inMarch()], { from: 200, to: 300 }))).toMatchObject({ status: 'stored' });
    expect(await partitions()).toEqual({ 'spanledger.audit_log_2027_03': 3 });
  });

  test('is not asked again with each shipment, since all who read would wait behind the question', async () => {
    let now = Date.UTC(2027, 8, 1) * 1000;
    let asked = 0;
    const { database: sql } = open();
    const counted: SqlDatabase = {
      transaction: (work, mode) => {
        asked += 1;
        return sql.transaction(work, mode);
      },
    };
    const maker = createPartitionMaker(counted, 'spanledger', () => now);
    const needs = partitionNeeds([auditRow({ created_at: now })]);
    await admin.query('begin; lock table spanledger.audit_log in access share mode');
    await maker.make(needs);
    expect(asked).toBe(2);
    await maker.make(needs);
    expect(asked).toBe(2);
    await admin.query('commit');
    now += 61_000_000;
    await maker.make(needs);
    await maker.make(needs);
    expect(asked).toBe(4);
  });
});

test('a connection is not used for ever, so that the server can freeze what is old in it', async () => {
  const store = open({ connectionLifetimeSeconds: 1, maxConnections: 1 });
  const pid = async () => (await store.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
  const first = await pid();
  await vi.waitFor(async () => expect(await pid()).not.toBe(first), { timeout: 10_000, interval: 100 });
});

describe('schema drift', () => {
  test('is no fault of the records: a column that is gone stops shipping instead of filling the dead letters', async () => {
    await admin.query('alter table spanledger.audit_log rename column reason to why');
    expect(await open().ship(shipment(batch))).toMatchObject({ status: 'unavailable', code: '42703' });
    await admin.query('alter table spanledger.audit_log rename column why to reason');
  });

  test('a column cut by hand refuses the records that do not fit it', async () => {
    await admin.query('alter table spanledger.audit_log alter column task_id type varchar(5)');
    expect(await open().ship(shipment([auditRow({ task_id: 'longer' })]))).toMatchObject({
      status: 'refused',
      code: '22001',
    });
    expect(await open().ship(shipment([auditRow({ task_id: 'short' })]))).toMatchObject({ status: 'stored' });
    await admin.query('alter table spanledger.audit_log alter column task_id type text');
  });

  test('a column that is mended takes records again at once, from connections that have known it cut', async () => {
    const store = open({ maxConnections: 1 });
    const long = () => [itemRow({ reason: 'longer' })];
    await admin.query('alter table spanledger.import_items alter column reason type varchar(5)');
    expect(await store.ship(shipment(long()))).toMatchObject({ status: 'refused', code: '22001' });
    await admin.query('alter table spanledger.import_items alter column reason type text');
    expect(await store.ship(shipment(long()))).toMatchObject({ status: 'stored' });
  });

  test('a column of another type stops shipping instead of filling the dead letters', async () => {
    await admin.query('alter table spanledger.api_logs alter column duration_ms type integer');
    expect(await open().ship(shipment([apiRow()]))).toMatchObject({ status: 'unavailable', code: '22P03' });
    await admin.query('alter table spanledger.api_logs alter column duration_ms type double precision');
  });
});

describe('credentials', () => {
  const secret = 'p@ss/w0rd';
  const withPassword = (url: string) => {
    const changed = new URL(url);
    changed.password = encodeURIComponent(secret);
    return changed.href;
  };

  test('are in no message and no description', async () => {
    const urls = [
      withPassword(database.url),
      withPassword('postgres://u@127.0.0.1:1/d'),
      withPassword('postgres://u@no.such.host.invalid/d'),
    ];
    for (const connectionString of urls) {
      const store = open({ connectionString });
      const result = await store.ship(shipment(batch));
      const error: unknown = await store.query('select 1').catch((reason: unknown) => reason);
      const told = [
        store.description,
        JSON.stringify(result),
        String(error),
        JSON.stringify(error),
        (error as Error).stack ?? '',
      ].join();
      expect(result.status).toBe('unavailable');
      expect(told).not.toContain(secret);
      expect(told).not.toContain(encodeURIComponent(secret));
    }
  });

  test.each(['not a url', 'http://u:p@ss@host/db', 'postgres://u:%zz@h:port/db', ''])(
    'are not quoted from a bad URL: %s',
    (url) => {
      expect(() => createPostgresStore({ connectionString: url })).toThrow(
        expect.objectContaining({
          code: 'SPANLEDGER_DATABASE_URL_INVALID',
          message: expect.not.stringContaining('p@ss'),
        }),
      );
    },
  );
});

test('no connection outlives its store', async () => {
  const store = open({ maxConnections: 4 });
  await Promise.all(Array.from({ length: 8 }, (_, n) => store.ship(shipment(batch, { segment: `s${n}` }))));
  await store.close();
  await store.close();
  await vi.waitFor(() => expect(proxy.connections()).toBe(0), patience);
});
