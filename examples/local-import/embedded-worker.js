// @ts-check
import { existsSync, renameSync, rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';

/** @typedef {{ id: number, sql?: string, values?: unknown[], close?: boolean }} Request */

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const opening = open(workerData);
opening.catch(() => undefined);

/** Answers are sent in order: PGlite runs one statement at a time. */
port.on('message', async (/** @type {Request} */ { id, sql, values, close }) => {
  try {
    const database = await opening;
    if (sql !== undefined) port.postMessage({ id, rows: (await database.query(sql, values)).rows });
    if (close) {
      await database.close();
      port.postMessage({ id });
      port.close();
    }
  } catch (error) {
    const { message, code } = /** @type {Error & { code?: string }} */ (error);
    port.postMessage({ id, error: { message, code } });
  }
});

/**
 * A new directory is unpacked beside its place and moved there when it is whole, so that a run killed meanwhile leaves no
 * half database behind. The prepared files save the seconds that initdb would take.
 * @param {string} directory
 */
async function open(directory) {
  if (!existsSync(directory)) {
    const fresh = `${directory}.new`;
    rmSync(fresh, { recursive: true, force: true });
    await (await PGlite.create(fresh, { loadDataDir: await dataDir() })).close();
    renameSync(fresh, directory);
  }
  return PGlite.create(directory);
}
