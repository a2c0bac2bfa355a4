import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPostgresStore, type PostgresStoreOptions } from '../../src/shipping/postgres-store.ts';
import { useDatabase } from '../harness/database.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';

const database = useDatabase();
let proxy: TcpProxy;
const stores: ReturnType<typeof createPostgresStore>[] = [];

/** A store with one connection, which is there. */
const open = async (options: Partial<PostgresStoreOptions> = {}) => {
  const store = createPostgresStore({ connectionString: proxy.url, maxConnections: 1, ...options });
  stores.push(store);
  await store.query('select');
  return store;
};

beforeEach(async () => {
  proxy = await startTcpProxy(database.url);
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await proxy.close();
});

const pidSql = 'select pg_backend_pid() as pid';
/** A time limit that has to pass in a test, and within which a busy machine answers all the same. */
const plentyMillis = 1_000;

test('is one round trip, whatever the number of its rows', async () => {
  const store = await open();
  const before = proxy.roundTrips();
  expect(await store.query('select n from generate_series(1, $1::integer) n', [3])).toEqual([
    { n: 1 },
    { n: 2 },
    { n: 3 },
  ]);
  expect(proxy.roundTrips() - before).toBe(1);
});

test('is one round trip also where there are several, which see the same moment', async () => {
  const store = await open();
  const before = proxy.roundTrips();
  const moment = { sql: 'select now() as at where $1', parameters: [true] };
  const [first, none, numbers, last] = await store.queries([
    moment,
    { sql: 'select 1 as one where false', parameters: [] },
    { sql: 'select n from generate_series(1, 2) n', parameters: [] },
    moment,
  ]);
  expect(proxy.roundTrips() - before).toBe(1);
  expect([none, numbers]).toEqual([[], [{ n: 1 }, { n: 2 }]]);
  expect(first).toMatchObject([{ at: expect.any(Date) }]);
  expect(last).toEqual(first);
});

test('fails as a whole where one of several fails', async () => {
  const store = await open();
  const one = { sql: 'select 1 as one', parameters: [] };
  const failing = { sql: 'select 1 / $1::integer', parameters: [0] };
  await expect(store.queries([one, failing, one])).rejects.toMatchObject({ code: '22012' });
  expect(await store.queries([one])).toEqual([[{ one: 1 }]]);
});

test('takes parameters of all kinds, and none', async () => {
  const store = await open();
  const at = new Date('2026-03-01T12:00:00.123Z');
  const sql =
    'select $1::text[] as texts, $2::timestamptz as at, $3::text as nothing, $4::jsonb as json, $5::boolean as flag';
  expect(await store.query(sql, [['a', 'b"'], at, null, { deep: [1] }, true])).toEqual([
    { texts: ['a', 'b"'], at, nothing: null, json: { deep: [1] }, flag: true },
  ]);
  expect(await store.query('select 1 as one')).toEqual([{ one: 1 }]);
  expect(await store.query('select 1 as one where false')).toEqual([]);
});

test('is read within the schema and its limits, which nothing is left of on the connection', async () => {
  const store = await open({ statementTimeoutMillis: 7_000 });
  const sql = `select current_setting('search_path') as path, current_setting('transaction_read_only') as read_only,
    current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock, pg_backend_pid() as pid`;
  const [inside] = await store.query<{ pid: number }>(sql);
  expect(inside).toMatchObject({ path: '"spanledger", public', read_only: 'on', statement: '7s', lock: '2334ms' });
  const outside = await store.database.transaction((connection) => connection.query(sql));
  expect(outside).toMatchObject([{ path: '"$user", public', read_only: 'off', pid: inside?.pid }]);
});

test('fails alone: the next one goes over the same connection', async () => {
  const store = await open({ statementTimeoutMillis: plentyMillis });
  const [first] = await store.query(pidSql);
  await expect(store.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
  await expect(store.query('select $1::integer', ['no number'])).rejects.toMatchObject({ code: '22P02' });
  await expect(store.query('selekt')).rejects.toMatchObject({ code: '42601' });
  await expect(store.query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
  expect(await store.query(pidSql)).toEqual([first]);
});

test('that nobody answers costs its time limit and the connection', async () => {
  const store = await open({ statementTimeoutMillis: plentyMillis });
  const [first] = await store.query(pidSql);
  proxy.swallowFrom('4711');
  await expect(store.query('select 4711')).rejects.toMatchObject({ code: 'SPANLEDGER_DATABASE_UNREACHABLE' });
  proxy.heal();
  const [next] = await store.query(pidSql);
  expect(next).not.toEqual(first);
});

test('is asked of a pool of the caller in a transaction of several round trips, with the same answer', async () => {
  const pool = new pg.Pool({ connectionString: proxy.url, max: 1 });
  const store = await open({ pool });
  expect(
    await store.query(`select $1::integer as n, current_setting('transaction_read_only') as read_only`, [1]),
  ).toEqual([{ n: 1, read_only: 'on' }]);
  await pool.end();
});
