// @ts-check
// A Postgres for measurements: durable, as in production, with a template of the ledger's schema.
import pg from 'pg';
import '../test/harness/typescript.js';
import { createPostgresStore } from '../dist/shipping/postgres-store.js';
import { familySeconds } from './processors.js';

const schema = 'spanledger';

/**
 * A running server with databases for measurements.
 * @typedef {object} Server
 * @property {string} version
 * @property {string} url of its maintenance database
 * @property {(name: string, from?: string) => Promise<string>} database makes a copy of a database, or one with an empty ledger, and answers its URL
 * @property {(name: string) => Promise<string | undefined>} find the URL of a database, if there is one
 * @property {(from: string, to: string) => Promise<string>} rename answers the new URL
 * @property {(name: string) => Promise<void>} drop
 * @property {() => number} cpuSeconds processor time of all server processes so far; NaN where /proc does not tell
 * @property {() => Promise<void>} checkpoint
 * @property {(work: () => Promise<void>) => Promise<void>} carelessly does what is not measured without waiting for the disk
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server of its own, or uses one that another benchmark has started. It keeps every promise about the disk: no result is
 * worth anything that production would not see.
 * @param {string} [url] of a server that is there
 * @returns {Promise<Server>}
 */
export async function startServer(url) {
  const own = url === undefined ? await startOwn() : undefined;
  const address = own?.url ?? url ?? '';
  const admin = new pg.Client({ connectionString: address });
  await admin.connect();
  const { rows } = await admin.query(
    `select current_setting('server_version') as version, split_part(pg_read_file('postmaster.pid'), chr(10), 1) as pid`,
  );
  const server = serverOf(address, admin, rows[0]);
  if ((await server.find(template)) === undefined) {
    await admin.query(`create database ${template}`);
    await migrate(urlOf(address, template));
  }
  return {
    ...server,
    async stop() {
      await admin.end();
      await own?.stop();
    },
  };
}

const template = 'ledger_template';

async function startOwn() {
  const { startPostgres } = await import('../test/harness/postgres-server.ts');
  return startPostgres({ durable: true });
}

/** @param {string} url @param {pg.Client} admin @param {{ version: string, pid: string }} facts @returns {Omit<Server, 'stop'>} */
function serverOf(url, admin, { version, pid }) {
  return {
    version,
    url,
    async database(name, from = template) {
      await admin.query(`create database ${name} template ${from}`);
      return urlOf(url, name);
    },
    async find(name) {
      const { rowCount } = await admin.query('select from pg_database where datname = $1', [name]);
      return rowCount === 0 ? undefined : urlOf(url, name);
    },
    async rename(from, to) {
      await admin.query(`alter database ${from} rename to ${to}`);
      return urlOf(url, to);
    },
    async drop(name) {
      await admin.query(`drop database ${name} with (force)`);
    },
    cpuSeconds: () => cpuSecondsOf(Number(pid)),
    async checkpoint() {
      await admin.query('checkpoint');
    },
    async carelessly(work) {
      const set = async (/** @type {'on' | 'off'} */ value) => {
        for (const name of ['fsync', 'full_page_writes']) await admin.query(`alter system set ${name} = ${value}`);
        await admin.query('select pg_reload_conf()');
      };
      await set('off');
      try {
        await work();
      } finally {
        await set('on');
        await admin.query('checkpoint');
      }
    },
  };
}

/**
 * Runs SQL statements on a connection of their own, with the ledger's tables in reach.
 * @template T
 * @param {string} url
 * @param {(client: pg.Client) => Promise<T>} work
 */
export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`set search_path = ${schema}, public`);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** @param {string} url */
async function migrate(url) {
  const store = createPostgresStore({ connectionString: url, schema });
  await store.migrator.up();
  await store.close();
  await makePartitions(url);
}

/** Partitions of this month and the next are there before anything is measured. @param {string} url */
async function makePartitions(url) {
  await withClient(url, (client) =>
    client.query(`select ensure_partition(t, (now() + m * interval '1 month')::date)
      from unnest(array['audit_log', 'api_logs']) t, generate_series(-1, 1) m`),
  );
}

/** @param {string} url @param {string} database */
function urlOf(url, database) {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** The postmaster and its children, those included that have ended. @param {number} postmaster */
function cpuSecondsOf(postmaster) {
  try {
    return familySeconds(postmaster);
  } catch {
    return Number.NaN;
  }
}
