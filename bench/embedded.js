// @ts-check
// The embedded ledger: how long the command line takes to its first answer when a journal is there that nobody has looked at, and how
// fast records are stored, beside a Postgres. Needs a build.
//
//   node bench/embedded.js [--records N] [--rounds N] [--server URL] [--json FILE]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEmbeddedStore } from '../dist/shipping/embedded-store.js';
import { createPostgresStore } from '../dist/shipping/postgres-store.js';
import { createShipper } from '../dist/shipping/shipper.js';
import { writeImports } from './journals.js';
import { figure, median, report } from './measurement.js';
import { startServer } from './server.js';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    server: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
/** What the importer writes for a file. */
const recordsPerFile = 19.7;
const maxSeconds = 3;
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** @typedef {{ open: number, rate: number }} Load seconds, records per second */

const journal = await writeImports(Math.ceil(Number(values.records) / recordsPerFile));
const server = await startServer(values.server);
try {
  const firsts = [];
  const agains = [];
  const embedded = [];
  const postgres = [];
  for (let round = 0; round < rounds; round += 1) {
    const directory = journal.copy();
    firsts.push(answerSeconds(directory));
    agains.push(answerSeconds(directory));
    embedded.push(await load(journal.copy(), (own) => createEmbeddedStore({ directory: own })));
    const connectionString = await server.database('run');
    postgres.push(await load(journal.copy(), () => createPostgresStore({ connectionString })));
    await server.drop('run');
    console.error(`round ${round + 1}: first answer after ${figure(firsts.at(-1) ?? 0)} s`);
  }
  report(summarise({ firsts, agains, embedded, postgres }), { json: values.json, postgres: server.version });
} finally {
  journal.remove();
  await server.stop();
}

/** From the command to its answer. @param {string} directory */
function answerSeconds(directory) {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'sessions', '--json', '--dir', directory], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  if (status !== 0 || !stdout.includes('photos-0')) throw new Error(`There was no answer: ${stdout}${stderr}`);
  return seconds;
}

/** @param {string} directory @param {(directory: string) => import('../dist/shipping/ledger-store.js').SqlLedgerStore} open @returns {Promise<Load>} */
async function load(directory, open) {
  const openedAt = performance.now();
  const store = open(directory);
  await store.query('select 1');
  const startedAt = performance.now();
  const { status, message, records } = await createShipper({ directory, store }).shipOnce();
  const seconds = (performance.now() - startedAt) / 1_000;
  await store.close();
  if (status !== 'caught-up') throw new Error(`The journal was not loaded: ${message}`);
  return { open: (startedAt - openedAt) / 1_000, rate: records / seconds };
}

/**
 * @param {{ firsts: number[], agains: number[], embedded: Load[], postgres: Load[] }} measured
 * @returns {import('./measurement.js').Result}
 */
function summarise({ firsts, agains, embedded, postgres }) {
  const row = (/** @type {string} */ title, /** @type {readonly Load[]} */ loads) => [
    title,
    figure(median(loads.map(({ open }) => open))),
    figure(median(loads.map(({ rate }) => rate))),
    figure(median(loads.map(({ rate }, round) => rate / (postgres[round]?.rate ?? rate)))),
  ];
  return {
    name: 'embedded',
    title: 'The embedded ledger',
    about: `A journal of ${figure(journal.records)} records as the example importer writes them, medians of ${rounds} rounds. The first answer of \`spanledger sessions\` begins with an empty directory: it makes the database, loads the journal and answers.`,
    bound:
      'PGlite is Postgres compiled to WebAssembly, on one thread; loading is its processor time. Opening reads a prepared data directory of some 40 MB.',
    tables: [
      {
        title: 'From the command to its answer',
        columns: ['answer', 'seconds'],
        rows: [
          ['the first', figure(median(firsts))],
          ['the next', figure(median(agains))],
        ],
      },
      {
        title: 'Loading',
        columns: ['store', 'seconds to open', 'records/s', 'of Postgres'],
        rows: [row('embedded, PGlite', embedded), row('Postgres, one server on the same machine', postgres)],
      },
    ],
    goals: [{ what: 'The first answer', bound: 'at most', limit: maxSeconds, value: median(firsts), unit: ' s' }],
  };
}
