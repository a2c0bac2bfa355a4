// @ts-check
// What is done to a pooler while programs ship through it.
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/**
 * @typedef {import('./bouncer.js').Bouncer} Bouncer
 * @typedef {{ bouncer: Bouncer, serverUrl: string, poolSize: number | undefined, caughtUp: () => Promise<number> }} Scene
 */

/** Each is over when it returns; the programs have to deliver again by themselves. */
export const troubles = {
  'kill -9 of the pooler': async (/** @type {Scene} */ { bouncer }) => {
    await bouncer.kill();
    await pause(1_500);
    await bouncer.restart();
  },
  RECONNECT: async (/** @type {Scene} */ { bouncer, caughtUp }) => {
    for (let time = 0; time < 5; time += 1) {
      await command(bouncer, 'RECONNECT');
      await caughtUp();
    }
  },
  'PAUSE and RESUME': async (/** @type {Scene} */ { bouncer }) => {
    await withConsole(bouncer, async (console) => {
      // It is answered when all transactions have ended; in session mode never, as clients stay.
      console.query('PAUSE').catch(() => undefined);
      await pause(4_000);
      await command(bouncer, 'RESUME');
    });
  },
  'server connections killed': async (/** @type {Scene} */ { serverUrl, caughtUp }) => {
    for (let time = 0; time < 5; time += 1) {
      await withClient(serverUrl, (client) =>
        client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
        ),
      );
      await caughtUp();
    }
  },
  'no server connection free': async (/** @type {Scene} */ { bouncer, poolSize }) => {
    if (poolSize === undefined) return;
    await command(bouncer, `SET query_wait_timeout = '1'`);
    const holders = await Promise.all(Array.from({ length: poolSize }, () => hold(bouncer.url)));
    await pause(4_000);
    await Promise.all(holders.map((release) => release()));
    await command(bouncer, `SET query_wait_timeout = '120'`);
  },
  'no more clients': async (/** @type {Scene} */ { bouncer, serverUrl }) => {
    await command(bouncer, 'SET max_client_conn = 1');
    await troubles['server connections killed']({ bouncer, serverUrl, poolSize: undefined, caughtUp: async () => 0 });
    await pause(3_000);
    await command(bouncer, 'SET max_client_conn = 100');
  },
};

/** Says something to the console of a pooler. @param {Bouncer} bouncer @param {string} text */
export function command(bouncer, text) {
  return withConsole(bouncer, (client) => client.query(text));
}

/** @template T @param {Bouncer} bouncer @param {(client: pg.Client) => Promise<T>} work */
function withConsole(bouncer, work) {
  return withClient(bouncer.consoleUrl, work);
}

/** @template T @param {string} connectionString @param {(client: pg.Client) => Promise<T>} work */
export async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Takes a server connection for itself, as soon as one is free. @param {string} connectionString */
async function hold(connectionString) {
  for (;;) {
    const client = new pg.Client({ connectionString });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('begin');
      return () => client.end().catch(() => undefined);
    } catch {
      await client.end().catch(() => undefined);
    }
  }
}
