// @ts-check
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { takeLock } from './lock-file.js';

/** @typedef {{ resolve: (value: any) => void, reject: (error: Error) => void }} Waiting */
/** @typedef {{ id: number, rows?: Record<string, unknown>[], error?: { message: string, code?: string } }} Answer */

/**
 * Opens PGlite in a worker thread: each statement blocks the thread it runs on, and the main thread has files to read.
 * One process at a time may use a directory.
 * @param {string} directory
 * @returns {Promise<import('./catalogue.js').Database>}
 */
export async function openEmbeddedDatabase(directory) {
  await mkdir(dirname(directory), { recursive: true });
  const unlock = await takeLock(`${directory}.lock`);
  // Without execArgv the worker would inherit --import and be instrumented as a second process.
  const worker = new Worker(new URL('./embedded-worker.js', import.meta.url), { workerData: directory, execArgv: [] });
  const ask = createClient(worker);
  return {
    query: (sql, values) => ask({ sql, values }),
    close: async () => {
      const exited = once(worker, 'exit');
      await ask({ close: true }).catch(() => worker.terminate());
      await exited;
      await unlock();
    },
  };
}

/** @param {Worker} worker */
function createClient(worker) {
  /** @type {Map<number, Waiting>} */
  const waiting = new Map();
  /** @type {Error | undefined} */
  let broken;
  let last = 0;
  const breakAll = (/** @type {Error} */ error) => {
    broken ??= error;
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
  };
  worker.on('message', (/** @type {Answer} */ { id, rows, error }) => {
    const { resolve, reject } = /** @type {Waiting} */ (waiting.get(id));
    waiting.delete(id);
    if (error === undefined) resolve({ rows: rows ?? [] });
    else reject(Object.assign(new Error(error.message), { code: error.code }));
  });
  worker.on('error', breakAll);
  worker.on('exit', () => breakAll(new Error('The embedded database has ended.')));
  return (/** @type {object} */ request) =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) return reject(broken);
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, ...request });
    });
}
