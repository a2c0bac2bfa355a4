// @ts-check
// How fast records get from the journal to Postgres, each exactly once, against COPY of the same rows into the same tables and
// indexes, and against what else programs do. Methods take turns in one run, and each run of ours is held against the two runs of
// COPY nearest to it: the machine's speed drops out. Needs a build.
//
//   node bench/ship.js [--records N] [--files N] [--single N] [--rounds N] [--only audit|mix] [--methods NAME,NAME] [--name NAME]
//     [--server URL] [--json FILE]
import { parseArgs } from 'node:util';
import { createPostgresStore } from '../dist/shipping/postgres-store.js';
import { createShipper } from '../dist/shipping/shipper.js';
import { unloadTables } from './copy-files.js';
import { writeAuditRows, writeImports } from './journals.js';
import { figure, median, report } from './measurement.js';
import { insertRows, insertUnnested, logWithWinston } from './peers.js';
import { startServer } from './server.js';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '60000' },
    files: { type: 'string', default: '4000' },
    single: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    methods: { type: 'string' },
    name: { type: 'string', default: 'ship' },
    server: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const single = Number(values.single);

/**
 * One way to store records.
 * @typedef {object} Method
 * @property {string} title
 * @property {number} records stored by one run
 * @property {() => unknown} [prepare] what is not measured
 * @property {(url: string, prepared: any) => Promise<void>} run
 */

/** @typedef {{ seconds: number, rate: number, nodeCpu: number, serverCpu: number }} Run */

const reference = 'COPY text';
const bound =
  'One backend of Postgres at a time decides, mostly in keeping the indexes; two shipments overlap, so that neither the encoding here nor a commit there lets it wait. Binary rows save it the parsing, which is how we can be faster than COPY of text.';
const server = await startServer(values.server);
try {
  const tables = [];
  const goals = [];
  for (const workload of workloads()) {
    const measured = await measureWorkload(workload);
    tables.push(measured.table);
    goals.push(...measured.goals);
  }
  const about = `Postgres ${server.version}, fsync on, one server on the same machine; medians of ${rounds} rounds. The ratio is to the runs of ${reference} before and after. Processor seconds are per million records: of this process, and of all server processes.`;
  report(
    { name: values.name, title: 'From the journal to Postgres', about, bound, tables, goals },
    { json: values.json, postgres: server.version },
  );
} finally {
  await server.stop();
}

function workloads() {
  const all = [
    { name: 'audit', title: 'Audit rows alone', write: () => writeAuditRows(Number(values.records)) },
    {
      name: 'mix',
      title: 'What the example importer writes, in all tables',
      write: () => writeImports(Number(values.files)),
    },
  ];
  return all.filter(({ name }) => values.only === undefined || values.only === name);
}

/** @param {{ name: string, title: string, write: () => Promise<import('./journals.js').WrittenJournal> }} workload */
async function measureWorkload({ name, title, write }) {
  const journal = await write();
  const url = await server.database(`unload_${name}`);
  await ship(url, journal.copy());
  const files = await unloadTables(url);
  await server.drop(`unload_${name}`);
  const methods = methodsFor(name, journal, files);
  const runs = await runRounds(methods);
  files.remove();
  journal.remove();
  return summarise({ title, journal, files, methods, runs });
}

/**
 * @param {string} name
 * @param {import('./journals.js').WrittenJournal} journal
 * @param {import('./copy-files.js').CopyFiles} files
 * @returns {Record<string, Method>}
 */
function methodsFor(name, journal, files) {
  const { records } = journal;
  const rows = files.auditRows(single);
  const all = {
    ship: { title: 'spanledger', records, prepare: () => journal.copy(), run: ship },
    'one connection': {
      title: 'spanledger, one shipment at a time',
      records,
      prepare: () => journal.copy(),
      run: shipByOne,
    },
    [reference]: { title: reference, records, run: (/** @type {string} */ url) => files.copy(url, 'text') },
    'COPY binary': { title: 'COPY binary', records, run: (/** @type {string} */ url) => files.copy(url, 'binary') },
    ...(files.hasPsql && {
      psql: { title: 'psql \\copy, text', records, run: (/** @type {string} */ url) => files.psql(url) },
    }),
  };
  const others = {
    unnest: {
      title: 'insert … select unnest, 1,000 a statement',
      records: rows.length,
      run: (/** @type {string} */ url) => insertUnnested(url, rows),
    },
    insert: {
      title: 'one insert a row',
      records: rows.length,
      run: (/** @type {string} */ url) => insertRows(url, rows),
    },
    winston: {
      title: '@innova2/winston-pg',
      records: rows.length,
      run: (/** @type {string} */ url) => logWithWinston(url, rows),
    },
  };
  const chosen = values.methods?.split(',');
  return Object.fromEntries(
    Object.entries(name === 'audit' ? { ...all, ...others } : all).filter(
      ([key]) => chosen?.includes(key === reference ? 'reference' : key) ?? true,
    ),
  );
}

/** @param {Record<string, Method>} methods */
async function runRounds(methods) {
  /** @type {Map<string, Run[]>} */
  const runs = new Map(Object.keys(methods).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const names = Object.keys(methods);
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const method = methods[name];
      if (method !== undefined) runs.get(name)?.push(await measure(method));
    }
  }
  return runs;
}

/** @param {Method} method @returns {Promise<Run>} */
async function measure({ title, records, prepare, run }) {
  const url = await server.database('run');
  const prepared = prepare?.();
  await server.checkpoint();
  const serverBefore = server.cpuSeconds();
  const nodeBefore = process.cpuUsage();
  const startedAt = performance.now();
  await run(url, prepared);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(nodeBefore);
  const millions = records / 1e6;
  const serverCpu = (server.cpuSeconds() - serverBefore) / millions;
  await server.drop('run');
  console.error(`${title}: ${figure(records / seconds)} records/s`);
  return { seconds, rate: records / seconds, nodeCpu: (user + system) / 1e6 / millions, serverCpu };
}

/** @param {string} url @param {string} directory @param {number} [maxConnections] */
async function ship(url, directory, maxConnections = 3) {
  const store = createPostgresStore({ connectionString: url, maxConnections });
  const { status, message } = await createShipper({ directory, store }).shipOnce();
  await store.close();
  if (status !== 'caught-up') throw new Error(`The journal was not shipped: ${message}`);
}

/** With too few connections to overlap shipments. @param {string} url @param {string} directory */
function shipByOne(url, directory) {
  return ship(url, directory, 2);
}

/**
 * @param {object} workload
 * @param {string} workload.title
 * @param {import('./journals.js').WrittenJournal} workload.journal
 * @param {import('./copy-files.js').CopyFiles} workload.files
 * @param {Record<string, Method>} workload.methods
 * @param {Map<string, Run[]>} workload.runs
 */
function summarise({ title, journal, files, methods, runs }) {
  const references = runs.get(reference) ?? [];
  const ratios = new Map(
    [...runs].map(([method, own]) => [method, own.map((run, round) => run.rate / near(references, round))]),
  );
  const rows = [...runs].map(([method, own]) => [
    methods[method]?.title ?? method,
    figure(median(own.map(({ rate }) => rate))),
    `${figure(median(ratios.get(method) ?? []))} (${(ratios.get(method) ?? []).map(figure).join(' ')})`,
    figure(median(own.map(({ nodeCpu }) => nodeCpu))),
    figure(median(own.map(({ serverCpu }) => serverCpu))),
  ]);
  const size = `${figure(journal.records)} records, ${figure(journal.bytes / journal.records)} bytes each in the journal; ${files.rows}`;
  const own = median(ratios.get('ship') ?? []);
  const goals = [goal(`${title}: rate over COPY text`, own, 1)];
  const peer = ratios.get('winston');
  if (peer !== undefined) goals.push(goal(`${title}: rate over @innova2/winston-pg`, own / median(peer), 25));
  return {
    table: {
      title: `${title}: ${size}`,
      columns: ['method', 'records/s', `of ${reference} (each round)`, 'CPU s', 'server CPU s'],
      rows,
    },
    goals,
  };
}

/** @param {string} what @param {number} value @param {number} limit @returns {import('./measurement.js').Goal} */
function goal(what, value, limit) {
  return { what, bound: 'at least', limit, value, unit: ' x' };
}

/** The rate of the reference around a round. @param {readonly Run[]} references @param {number} round */
function near(references, round) {
  const around = references.slice(Math.max(0, round - 1), round + 1);
  return around.reduce((sum, { rate }) => sum + rate, 0) / around.length;
}
