// @ts-check
// How much the memory of a program grows while a large import goes through one session and the database is down. Needs a build.
//
//   node bench/memory.js [--items N] [--json FILE]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importSession } from 'spanledger';
import { figure, report } from './measurement.js';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    json: { type: 'string' },
    // In a child: how many.
    run: { type: 'string' },
  },
});
const megabyte = 1024 ** 2;
const maxGrowthMegabytes = 100;
const journalBytes = 64 * 1024 ** 3;
const itemsPerTurn = 32;
/** Looks at the memory during a run; what has been allocated until the first is the start. */
const looks = 20;

/** @typedef {{ items: number, resident: number, heap: number, external: number }} Look bytes */

if (values.run === undefined) report(summarise(await measure(Number(values.items))), { json: values.json });
else await importItems(Number(values.run));

/** In a child. @param {number} count */
async function importItems(count) {
  const every = Math.ceil(count / looks);
  await importSession({ id: 'memory', kind: 'local' }, async (session) => {
    for (let items = 1; items <= count; items += 1) {
      await session.item({ id: `2026/holiday/IMG_${items}.jpg` }, (item) => {
        item.to('checking');
        item.to('moving');
        item.to('updating');
      });
      if (items % itemsPerTurn === 0) await setImmediate();
      if (items % every === 0 || items === count) process.send?.(look(items));
    }
    await new Promise((resolve) => process.once('message', resolve));
  });
}

/** @param {number} items @returns {Look} */
function look(items) {
  // What is garbage is none of the program's growth.
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { items, resident: residentBytes(), heap: heapUsed, external };
}

/** Of all threads, without the pages of files. */
function residentBytes() {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return Number(kilobytes) * 1024;
  } catch {
    return process.memoryUsage.rss();
  }
}

/** @param {number} items @returns {Promise<readonly Look[]>} */
async function measure(items) {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  const flags = ['--expose-gc', '--import', 'spanledger/register'];
  const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url), '--run', String(items)], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      // Nobody listens there.
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      SPANLEDGER_DIR: directory,
      SPANLEDGER_JOURNAL_MAX_BYTES: String(journalBytes),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  /** @type {Look[]} */
  const seen = [];
  const exit = once(child, 'exit');
  child.on('message', (/** @type {Look} */ one) => {
    seen.push(one);
    console.error(`${figure(one.items)} items: ${figure(one.resident / megabyte)} MB`);
    if (one.items === items) child.kill('SIGKILL');
  });
  const [code, signal] = await exit;
  rmSync(directory, { recursive: true, force: true });
  if (signal !== 'SIGKILL') throw new Error(`The program ended with ${code ?? signal}.`);
  return seen;
}

/** @param {readonly Look[]} seen @returns {import('./measurement.js').Result} */
function summarise(seen) {
  const first = seen[0]?.resident ?? Number.NaN;
  const most = Math.max(...seen.map(({ resident }) => resident));
  const shown = seen.filter((_, index) => index % Math.ceil(looks / 5) === 0 || index === seen.length - 1);
  return {
    name: 'memory',
    title: 'Memory',
    about: `${figure(seen.at(-1)?.items ?? 0)} items of five events each through one session while nothing listens where the database should be: everything goes to the journal. Memory of the whole process, its courier included, without pages of files, after a garbage collection of the main thread.`,
    bound:
      'A session remembers a fixed number of items that it has seen, and counts instead of keeping; what waits, waits on disk.',
    tables: [
      {
        title: 'As the import goes on',
        columns: ['items', 'resident, MB', 'heap, MB', 'external, MB'],
        rows: shown.map(({ items, resident, heap, external }) => [
          figure(items),
          figure(resident / megabyte),
          figure(heap / megabyte),
          figure(external / megabyte),
        ]),
      },
    ],
    goals: [
      {
        what: 'Growth of the resident memory',
        bound: 'at most',
        limit: maxGrowthMegabytes,
        value: (most - first) / megabyte,
        unit: ' MB',
      },
    ],
  };
}
