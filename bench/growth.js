// @ts-check
// What becomes of the ship rate when the ledger is large and when many write at once. Ledgers are shipped to in turns, and so are
// numbers of writers; each writer is a process with a journal of its own. Needs a build.
//
//   node bench/growth.js [--sizes ROWS,ROWS] [--writers N,N] [--records N] [--rounds N] [--server URL] [--json FILE]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPostgresStore } from '../dist/shipping/postgres-store.js';
import { createShipper } from '../dist/shipping/shipper.js';
import { writeAuditRows } from './journals.js';
import { ledgerOf } from './ledger.js';
import { figure, median, report } from './measurement.js';
import { startServer, withClient } from './server.js';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000,10000000' },
    writers: { type: 'string', default: '1,4,16' },
    records: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    server: { type: 'string' },
    json: { type: 'string' },
    // What a child ships, and where to.
    ship: { type: 'string' },
    into: { type: 'string' },
  },
});
const records = Number(values.records);
const rounds = Number(values.rounds);
/** Up to this size a ledger is copied for each run, so that it stays as large as it is. */
const copiedRows = 100_000;
const columns = [
  'records/s',
  'of the first row (each round)',
  'processor seconds of Postgres for a million',
  'of the first row',
];

/** @typedef {{ rate: number, cpu: number }} Shipped records per second; processor seconds of Postgres for a million of them */

if (values.ship === undefined) await measureAll();
else await shipWhenTold(values.into ?? '', values.ship);

async function measureAll() {
  const server = await startServer(values.server);
  try {
    const bySize = await inTurns(numbersIn(values.sizes), await sizeMeasure(server));
    const byWriters = await inTurns(numbersIn(values.writers), writersMeasure(server));
    report(summarise(bySize, byWriters), { json: values.json, postgres: server.version });
  } finally {
    await server.stop();
  }
}

/** @param {string} text */
function numbersIn(text) {
  return text.split(',').map(Number);
}

/**
 * @param {readonly number[]} cases
 * @param {(one: number) => Promise<Shipped>} measure
 */
async function inTurns(cases, measure) {
  /** @type {Map<number, Shipped[]>} */
  const rates = new Map(cases.map((one) => [one, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? cases : cases.toReversed()) rates.get(one)?.push(await measure(one));
  }
  return rates;
}

/** @param {import('./server.js').Server} server */
async function sizeMeasure(server) {
  for (const rows of numbersIn(values.sizes)) await ledgerOf(server, rows);
  const journal = await writeAuditRows(records);
  process.once('exit', () => journal.remove());
  return async (/** @type {number} */ rows) => {
    const isCopied = rows <= copiedRows;
    const url = isCopied ? await server.database('run', `ledger_${rows}`) : (await ledgerOf(server, rows)).url;
    await withClient(url, (client) => client.query('truncate shipments'));
    const directory = journal.copy();
    await server.checkpoint();
    const shipped = await measured(server, () => ship(url, directory));
    if (isCopied) await server.drop('run');
    console.error(`into ${figure(rows)} rows: ${figure(shipped.rate)} records/s`);
    return shipped;
  };
}

/** @param {import('./server.js').Server} server */
function writersMeasure(server) {
  return async (/** @type {number} */ writers) => {
    const journals = await Promise.all(
      Array.from({ length: writers }, () => writeAuditRows(Math.floor(records / writers))),
    );
    const url = await server.database('run');
    const children = await Promise.all(journals.map((journal) => startChild(url, journal.copy())));
    await server.checkpoint();
    /** @type {(number | null)[]} */
    let codes = [];
    const shipped = await measured(server, async () => {
      for (const child of children) child.send('go');
      codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    });
    if (codes.some((code) => code !== 0)) throw new Error(`A writer failed: ${codes}`);
    await assertStored(url, writers * Math.floor(records / writers));
    await server.drop('run');
    for (const journal of journals) journal.remove();
    console.error(`${writers} writers: ${figure(shipped.rate)} records/s`);
    return shipped;
  };
}

/** @param {string} url @param {string} directory */
async function startChild(url, directory) {
  const child = fork(fileURLToPath(import.meta.url), ['--ship', directory, '--into', url]);
  await once(child, 'message');
  return child;
}

/** In a child: connects, says so, and ships once it is told to. @param {string} url @param {string} directory */
async function shipWhenTold(url, directory) {
  const store = createPostgresStore({ connectionString: url });
  await store.query('select 1');
  process.send?.('ready');
  await once(process, 'message');
  await shipTo(store, directory);
  process.disconnect();
}

/** @param {string} url @param {string} directory */
async function ship(url, directory) {
  const store = createPostgresStore({ connectionString: url });
  await store.query('select 1');
  await shipTo(store, directory);
}

/** @param {import('../dist/shipping/ledger-store.js').SqlLedgerStore} store @param {string} directory */
async function shipTo(store, directory) {
  const { status, message } = await createShipper({ directory, store }).shipOnce();
  await store.close();
  if (status !== 'caught-up') throw new Error(`The journal was not shipped: ${message}`);
}

/** @param {string} url @param {number} expected */
async function assertStored(url, expected) {
  const { rows } = await withClient(url, (client) => client.query('select count(*)::integer as count from audit_log'));
  if (rows[0].count !== expected) throw new Error(`${rows[0].count} of ${expected} records were stored.`);
}

/** @param {import('./server.js').Server} server @param {() => Promise<void>} work that ships all records @returns {Promise<Shipped>} */
async function measured(server, work) {
  const [startedAt, cpuBefore] = [performance.now(), server.cpuSeconds()];
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  return { rate: records / seconds, cpu: ((server.cpuSeconds() - cpuBefore) / records) * 1e6 };
}

/**
 * @param {Map<number, Shipped[]>} bySize
 * @param {Map<number, Shipped[]>} byWriters
 * @returns {import('./measurement.js').Result}
 */
function summarise(bySize, byWriters) {
  return {
    name: 'growth',
    title: 'As the ledger and the number of writers grow',
    about: `${figure(records)} audit rows of about 350 bytes a run, shared among the writers; medians of ${rounds} rounds in turns. A ledger of so many audit rows has as many other rows besides, over six months. Writers are processes that ship a journal each into an empty ledger.`,
    bound:
      'Each row goes to the end of the table and to one place in each index. Indexes by time, session, item and correlation grow at their end, so their size matters little; the one by trace id is hit everywhere where the ids are random, as here and as those of callers, and once it no longer fits into shared buffers every row costs a read. Ids of traces that begin at spanledger grow at the end as well. More writers share one disk and the processors: beyond one for each processor they wait for each other.',
    tables: [
      { title: 'By size of the ledger', columns: ['audit rows', ...columns], rows: rowsOf(bySize) },
      { title: 'By number of writers', columns: ['writers', ...columns], rows: rowsOf(byWriters) },
    ],
    goals: [
      goal('Rate into the largest ledger over that into the smallest', lastOverFirst(bySize), 0.8),
      goal('Rate of the most writers over that of one', lastOverFirst(byWriters), 1),
    ],
  };
}

/** @param {Map<number, Shipped[]>} rates */
function rowsOf(rates) {
  const [first = []] = rates.values();
  return [...rates].map(([one, own]) => {
    const ratios = overFirst(own, first, 'rate');
    return [
      one.toLocaleString('en'),
      figure(median(own.map(({ rate }) => rate))),
      `${figure(median(ratios))} (${ratios.map(figure).join(' ')})`,
      figure(median(own.map(({ cpu }) => cpu))),
      figure(median(overFirst(own, first, 'cpu'))),
    ];
  });
}

/** Round by round. @param {readonly Shipped[]} own @param {readonly Shipped[]} first @param {keyof Shipped} what */
function overFirst(own, first, what) {
  return own.map((one, round) => one[what] / (first[round]?.[what] ?? Number.NaN));
}

/** @param {Map<number, Shipped[]>} rates */
function lastOverFirst(rates) {
  const all = [...rates.values()];
  return median(overFirst(all.at(-1) ?? [], all[0] ?? [], 'rate'));
}

/** @param {string} what @param {number} value @param {number} limit @returns {import('./measurement.js').Goal} */
function goal(what, value, limit) {
  return { what, bound: 'at least', limit, value, unit: ' x' };
}
