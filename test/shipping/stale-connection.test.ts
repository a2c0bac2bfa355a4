import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { first, StaleConnectionError, withOpenConnection } from '../../src/shipping/stale-connection.ts';
import { useDatabase } from '../harness/database.ts';
import { auditRow, noon, shipment } from './sample-rows.ts';

const database = useDatabase();
let store: ReturnType<typeof createPostgresStore>;
beforeAll(() => {
  store = createPostgresStore({ connectionString: database.url, now: () => noon });
});
afterAll(() => store.close());

const terminate = `
const { default: pg } = await import('pg');
const client = new pg.Client({ connectionString: process.argv[1] });
await client.connect();
const { rowCount } = await client.query(
  "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'spanledger' and datname = current_database()");
await client.end();
console.log(rowCount);`;

/** Ends all connections of the store while this thread hears of nothing, and answers how many there were. */
function closeIdleConnections(): number {
  const parameters = ['--input-type=module', '--eval', terminate, database.url];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

describe('a connection that was closed while nobody used it', () => {
  test('costs a shipment another connection, and nothing else', async () => {
    await Promise.all([1, 2].map(() => store.query('select pg_sleep(0.05)')));
    expect(closeIdleConnections()).toBe(2);
    expect(await store.ship(shipment([auditRow()]))).toEqual({ status: 'stored', offset: 100 });
  });

  test('costs a question another connection, and nothing else', async () => {
    await store.query('select 1');
    expect(closeIdleConnections()).toBeGreaterThan(0);
    expect(await store.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('what is done first', () => {
  const closed = Object.assign(new Error('client_idle_timeout'), { code: '08P01' });

  test('is done again with another connection, and says what the driver says when there is none', async () => {
    let attempts = 0;
    const attempt = () => {
      attempts += 1;
      return first(Promise.reject(closed));
    };
    await expect(withOpenConnection(attempt)).rejects.toBe(closed);
    expect(attempts).toBe(4);
  });

  test.each(['42P01', '40001', 'ETIMEDOUT', '57014', 'ECONNREFUSED'])('is not done again after %s', async (code) => {
    const error = Object.assign(new Error('other'), { code });
    await expect(first(Promise.reject(error))).rejects.toBe(error);
  });

  test('is told apart from what comes later', async () => {
    await expect(first(Promise.reject(closed))).rejects.toBeInstanceOf(StaleConnectionError);
    await expect(withOpenConnection(() => Promise.reject(closed))).rejects.toBe(closed);
  });
});
