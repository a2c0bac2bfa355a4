// @ts-check
// The embedded ledger: how long the command line takes to its first answer when a journal is there that nobody has looked at, to load
// it, and to answer from what is loaded; and how fast records are stored, beside a Postgres. Needs a build.
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

/** Tells the processor time of a program at its end, on a pipe of its own. */
const cpuTeller = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeSync(3, String((user + system) / 1e6));
  });`,
)}`;

/** @typedef {{ open: number, rate: number }} Load seconds, records per second */
/** @typedef {{ seconds: number, cpuSeconds: number }} Taken */

const journal = await writeImports(Math.ceil(Number(values.records) / recordsPerFile));
const server = await startServer(values.server);
try {
  /** @type {Taken[][]} */
  const commands = [];
  const embedded = [];
  const postgres = [];
  for (let round = 0; round < rounds; round += 1) {
    const directory = journal.copy();
    commands.push([ask(directory), ask(directory), command(['ship', '--dir', directory]), ask(directory)]);
    embedded.push(await load(journal.copy(), (own) => createEmbeddedStore({ directory: own })));
    const connectionString = await server.database('run');
    postgres.push(await load(journal.copy(), () => createPostgresStore({ connectionString })));
    await server.drop('run');
    console.error(
      `round ${round + 1}: ${commands
        .at(-1)
        ?.map(({ seconds }) => figure(seconds))
        .join(', ')} s`,
    );
  }
  report(summarise({ commands, embedded, postgres }), { json: values.json, postgres: server.version });
} finally {
  journal.remove();
  await server.stop();
}

/** A question and its answer. @param {string} directory */
function ask(directory) {
  const { stdout, ...taken } = command(['sessions', '--json', '--dir', directory]);
  if (!stdout.includes('photos-0')) throw new Error(`There was no answer: ${stdout}`);
  return taken;
}

/** @param {readonly string[]} words */
function command(words) {
  const startedAt = performance.now();
  const { status, output } = spawnSync(process.execPath, ['--import', cpuTeller, cli, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const [, stdout, stderr, cpuSeconds] = output;
  if (status !== 0) throw new Error(`spanledger ${words[0]} ended with ${status}: ${stdout}${stderr}`);
  return { stdout: stdout ?? '', seconds, cpuSeconds: Number(cpuSeconds) };
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
 * @param {{ commands: Taken[][], embedded: Load[], postgres: Load[] }} measured
 * @returns {import('./measurement.js').Result}
 */
function summarise({ commands, embedded, postgres }) {
  const row = (/** @type {string} */ title, /** @type {readonly Load[]} */ loads) => [
    title,
    figure(median(loads.map(({ open }) => open))),
    figure(median(loads.map(({ rate }) => rate))),
    figure(median(loads.map(({ rate }, round) => rate / (postgres[round]?.rate ?? rate)))),
  ];
  const taken = (/** @type {number} */ index, /** @type {keyof Taken} */ what) =>
    median(commands.map((round) => round[index]?.[what] ?? Number.NaN));
  const titles = [
    '`spanledger sessions`, the first, from the journal',
    'the next',
    '`spanledger ship`, which makes the database and loads the journal',
    '`spanledger sessions`, from the database',
  ];
  return {
    name: 'embedded',
    title: 'The embedded ledger',
    about: `A journal of ${figure(journal.records)} records as the example importer writes them, medians of ${rounds} rounds. Until a database is made, journals up to 32 MiB answer themselves; \`spanledger ship\` makes it, and so does the first question to longer ones.`,
    bound:
      'PGlite is Postgres compiled to WebAssembly, on one thread; loading is its processor time. Its first opening unpacks a prepared data directory of some 40 MB and makes the tables.',
    tables: [
      {
        title: 'From the command to its end',
        columns: ['command', 'seconds', 'processor seconds'],
        rows: titles.map((title, index) => [
          title,
          figure(taken(index, 'seconds')),
          figure(taken(index, 'cpuSeconds')),
        ]),
      },
      {
        title: 'Loading',
        columns: ['store', 'seconds to open', 'records/s', 'of Postgres'],
        rows: [row('embedded, PGlite', embedded), row('Postgres, one server on the same machine', postgres)],
      },
    ],
    goals: [{ what: 'The first answer', bound: 'at most', limit: maxSeconds, value: taken(0, 'seconds'), unit: ' s' }],
  };
}
