// @ts-check
// How programs store log rows without COPY.
import { once } from 'node:events';
import { PostgresTransport } from '@innova2/winston-pg';
import { createLogger } from 'winston';
import { tables } from '../dist/projection/tables.js';
import { withClient } from './server.js';

/** @typedef {readonly Record<string, unknown>[]} Rows */

const { columns } = tables.audit_log;
const names = columns.map(({ name }) => name);
const rowsPerStatement = 1_000;

/** One awaited insert for each row. @param {string} url @param {Rows} rows */
export function insertRows(url, rows) {
  const text = `insert into audit_log (${names}) values (${names.map((_, index) => `$${index + 1}`)})`;
  return withClient(url, async (client) => {
    for (const row of rows) await client.query({ name: 'insert', text, values: names.map((name) => cell(row[name])) });
  });
}

/** One insert for a thousand rows, a column an array. @param {string} url @param {Rows} rows */
export function insertUnnested(url, rows) {
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`);
  const text = `insert into audit_log (${names}) select * from unnest(${arrays})`;
  return withClient(url, async (client) => {
    for (let start = 0; start < rows.length; start += rowsPerStatement) {
      const part = rows.slice(start, start + rowsPerStatement);
      await client.query({ name: 'unnest', text, values: names.map((name) => part.map((row) => cell(row[name]))) });
    }
  });
}

/** The transport into the same table. It sets timestamps to now() itself. @param {string} url @param {Rows} rows */
export async function logWithWinston(url, rows) {
  const transport = openTransport(url);
  const logger = createLogger({ level: 'silly', transports: [transport] });
  let stored = 0;
  const allStored = new Promise((resolve, reject) => {
    transport.on('logged', () => {
      stored += 1;
      if (stored === rows.length) resolve(undefined);
    });
    transport.on('error', reject);
  });
  for (const row of rows) {
    const entry = Object.fromEntries(names.map((name) => [name, cell(row[name])]));
    if (!logger.write({ ...entry, level: 'info', message: String(row.message) })) await once(logger, 'drain');
  }
  await allStored;
  // Its connections may still be closing when the database is dropped.
  transport.pool.on('error', () => undefined);
  await transport.pool.end();
}

/** Its types know neither timestamptz nor an end. @param {string} url @returns {any} */
function openTransport(url) {
  const tableColumns = columns.map(({ name, type }) => ({
    name,
    dataType: type === 'timestamptz' ? 'TIMESTAMPTZ' : type,
  }));
  const options = { connectionString: url, schema: 'spanledger', tableName: 'audit_log', tableColumns };
  return new PostgresTransport(/** @type {any} */ (options));
}

/** JSON travels as text. @param {unknown} value */
function cell(value) {
  return typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value;
}
