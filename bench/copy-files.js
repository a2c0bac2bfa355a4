// @ts-check
// The rows of a database as files for COPY, to be loaded again as fast as Postgres can.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { tables } from '../dist/projection/tables.js';
import { withClient } from './server.js';

const formats = /** @type {const} */ (['text', 'binary']);

/**
 * Files of all tables.
 * @typedef {object} CopyFiles
 * @property {string} rows how many, in words
 * @property {boolean} hasPsql
 * @property {(url: string, format: 'text' | 'binary') => Promise<void>} copy loads them, a COPY and a transaction for each table
 * @property {(url: string) => Promise<void>} psql loads the text files with psql
 * @property {(count: number) => readonly Record<string, unknown>[]} auditRows the first rows of the audit log
 * @property {() => void} remove
 */

/** @param {string} url @returns {Promise<CopyFiles>} */
export async function unloadTables(url) {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  const fileOf = (/** @type {string} */ table, /** @type {string} */ format) => join(directory, `${table}.${format}`);
  const { counts, sample } = await withClient(url, (client) => unload(client, fileOf));
  const names = Object.keys(counts);
  return {
    rows: names.map((name) => `${counts[name]?.toLocaleString('en')} rows of ${name}`).join(', '),
    hasPsql: spawnSync('psql', ['--version']).status === 0,
    copy: (target, format) =>
      withClient(target, async (client) => {
        for (const name of names) {
          const sql = `copy ${name} (${columnsOf(name)}) from stdin (format ${format})`;
          await pipeline(
            createReadStream(fileOf(name, format), { highWaterMark: 64 * 1024 }),
            client.query(copyFrom(sql)),
          );
        }
      }),
    psql: (target) =>
      runPsql(
        target,
        names.map((name) => `\\copy spanledger.${name} (${columnsOf(name)}) from '${fileOf(name, 'text')}'`),
      ),
    auditRows: (count) => sample.slice(0, count),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

const sampleSize = 10_000;

/** @param {import('pg').Client} client @param {(table: string, format: string) => string} fileOf */
async function unload(client, fileOf) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const name of Object.keys(tables)) {
    const { rows } = await client.query(`select count(*)::integer as count from ${name}`);
    if (rows[0].count === 0) continue;
    counts[name] = rows[0].count;
    for (const format of formats) {
      const sql = `copy (select ${columnsOf(name)} from ${name} order by ${orderOf(name)}) to stdout (format ${format})`;
      await pipeline(client.query(copyTo(sql)), createWriteStream(fileOf(name, format)));
    }
  }
  const sample = await client.query(`select ${columnsOf('audit_log')} from audit_log order by id limit ${sampleSize}`);
  return { counts, sample: sample.rows };
}

/** Rows in the order in which they came. @param {string} table */
function orderOf(table) {
  if (table.endsWith('_log') || table.endsWith('_logs')) return 'id';
  return table === 'task_progress' ? 'created_at, span_id' : 'started_at, id';
}

/** @param {string} name */
function columnsOf(name) {
  return tables[/** @type {import('../dist/projection/tables.js').TableName} */ (name)].columns
    .map((column) => column.name)
    .join(', ');
}

/** @param {string} url @param {readonly string[]} commands */
async function runPsql(url, commands) {
  const child = spawn('psql', ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', url], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(`${commands.join('\n')}\n`);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`psql ended with ${code}.`);
}
