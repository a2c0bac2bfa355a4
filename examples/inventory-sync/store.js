// @ts-check
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/**
 * What is known of a page after a cycle has seen it.
 * @typedef {object} Stock
 * @property {string} page
 * @property {string} platform
 * @property {number} quantity
 * @property {number} [price] as it was, where absent
 * @property {string} cycle
 */

/**
 * @typedef {object} Store
 * @property {(page: string) => Promise<number | undefined>} quantity of a page as it is stored
 * @property {(stock: Stock) => Promise<void>} save
 * @property {() => Promise<void>} flush makes sure of what was saved
 * @property {(page: string) => Promise<void>} hold locks the row of a page from another connection, and keeps it
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ databaseUrl: string | undefined, directory: string }} options
 * @returns {Promise<Store>}
 */
export function openStore({ databaseUrl, directory }) {
  return databaseUrl === undefined ? openFile(join(directory, 'stock.json')) : openPostgres(databaseUrl);
}

/** @param {string} path @returns {Promise<Store>} */
async function openFile(path) {
  /** @type {Record<string, Omit<Stock, 'page'>>} */
  const stock = JSON.parse(await readFile(path, 'utf8').catch(() => '{}'));
  return {
    quantity: async (page) => stock[page]?.quantity,
    async save({ page, ...known }) {
      stock[page] = { ...stock[page], ...known };
    },
    async flush() {
      await writeFile(`${path}.new`, JSON.stringify(stock));
      await rename(`${path}.new`, path);
    },
    hold: () => Promise.reject(new Error('A file has no rows to lock.')),
    close: async () => undefined,
  };
}

/** Under a lock: `if not exists` alone does not keep two that start at once from each other. */
const schema = `
  select pg_advisory_xact_lock(hashtext('inventory-sync'));
  create table if not exists inventory (
    page text primary key, platform text not null, quantity integer not null, price integer, updated_at timestamptz not null
  );
  create table if not exists inventory_history (
    cycle text, page text, quantity integer not null, primary key (cycle, page)
  )`;

const save = `
  with known as (
    insert into inventory_history (cycle, page, quantity) values ($5, $1, $3)
    on conflict (cycle, page) do update set quantity = excluded.quantity
  )
  insert into inventory (page, platform, quantity, price, updated_at) values ($1, $2, $3, $4, now())
  on conflict (page) do update
  set quantity = excluded.quantity, price = coalesce(excluded.price, inventory.price), updated_at = now()`;

/** @param {string} connectionString @returns {Promise<Store>} */
async function openPostgres(connectionString) {
  // The name of the service is what tells its connections apart on the server.
  const pool = new pg.Pool({ connectionString, max: 4, application_name: 'inventory-sync' });
  // A server that restarts breaks idle connections; the next query opens a new one, or fails itself.
  pool.on('error', () => undefined);
  await pool.query(schema);
  return {
    async quantity(page) {
      const { rows } = await pool.query('select quantity from inventory where page = $1', [page]);
      return rows[0]?.quantity;
    },
    async save({ page, platform, quantity, price, cycle }) {
      await pool.query(save, [page, platform, quantity, price, cycle]);
    },
    flush: async () => undefined,
    async hold(page) {
      const client = new pg.Client({ connectionString, application_name: 'stocktaking' });
      await client.connect();
      await client.query('begin');
      await client.query(
        `insert into inventory values ($1, 'web', 0, null, now()) on conflict (page) do update set quantity = 0`,
        [page],
      );
    },
    close: () => pool.end(),
  };
}
