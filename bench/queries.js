// @ts-check
// How long the questions of the command line and of the views take, in a small and in a large ledger, and which indexes answer them.
// Each question is asked many times about other sessions, items and traces, through the store as the command line asks it. Needs a
// build.
//
//   node bench/queries.js [--small ROWS] [--large ROWS] [--times N] [--server URL] [--json FILE]
import { parseArgs } from 'node:util';
import { createStoreReader } from '../dist/cli/reading/store-reader.js';
import { findStuckWork } from '../dist/cli/reading/stuck-work.js';
import { createPostgresStore } from '../dist/shipping/postgres-store.js';
import { correlationId, itemId, ledgerOf, openUnits, openWork, sessionId, sessionOf, traceId } from './ledger.js';
import { figure, quantile, report } from './measurement.js';
import { startServer, withClient } from './server.js';

const { values } = parseArgs({
  options: {
    small: { type: 'string', default: '100000' },
    large: { type: 'string', default: '10000000' },
    times: { type: 'string', default: '200' },
    server: { type: 'string' },
    json: { type: 'string' },
  },
});
const times = Number(values.times);
const page = 50;
const warmUps = 20;
/** So much may be open at once; what is asked of it grows with it and with nothing else. */
const manyUnits = [openUnits, 200, 2_000];
const maxMillis = 5;
const maxGrowth = 1.5;
const errorLevels = ['error', 'critical'];

/** @typedef {import('../dist/cli/reading/ledger-reader.js').LedgerReader} LedgerReader */
/** @typedef {import('../dist/shipping/ledger-store.js').SqlLedgerStore} LedgerStore */
/** @typedef {import('../dist/shipping/sql-connection.js').Statement} Statement */
/** @typedef {{ reader: LedgerReader, store: LedgerStore, row: number }} Asked `row` is the number of an audit row by chance */
/** @typedef {{ millis: readonly number[], indexes: readonly string[], rows: number }} Answer */

/** @type {Record<string, (asked: Asked) => Promise<readonly unknown[]>>} */
const questions = {
  'a page of a session’s timeline': ({ store, row }) =>
    store.query(`select * from v_session_timeline where session_id = $1 order by at, seq limit ${page}`, [
      sessionId(sessionOf(row)),
    ]),
  'the last records of a session': ({ reader, row }) => reader.events({ sessionId: sessionId(sessionOf(row)) }, page),
  'the records of an item': ({ reader, row }) =>
    reader.events({ sessionId: sessionId(sessionOf(row)), itemId: itemId(row) }, page),
  'a trace': ({ reader, row }) => reader.events({ traceId: traceId(row) }, page),
  'the steps of a trace': ({ store, row }) =>
    store.query('select * from task_progress where trace_id = $1::uuid', [traceId(row)]),
  'a correlation id': ({ reader, row }) => reader.events({ correlationId: correlationId(sessionOf(row)) }, page),
  'the last 20 errors': ({ reader }) => reader.events({ levels: errorLevels }, 20),
  'the last 20 errors of a session': ({ reader, row }) =>
    reader.events({ levels: errorLevels, sessionId: sessionId(sessionOf(row)) }, 20),
  'the newest 20 records': ({ reader }) => reader.events({}, 20),
  'what is running': ({ reader }) => reader.running({}, page),
  'what is stuck': ({ reader }) => findStuckWork(reader, { filter: {} }).then(({ units }) => units),
  'the view of what is stuck': ({ store }) => store.query('select * from v_stuck order by started_at limit 50'),
  'a session': ({ reader, row }) => reader.sessions({ id: sessionId(sessionOf(row)), last: 1 }),
  'the newest 20 sessions': ({ reader }) => reader.sessions({ last: 20 }),
  'the steps of a session, slowest first': ({ reader, row }) => reader.slowestSteps(sessionId(sessionOf(row)), 10),
  'the requests of a trace': ({ store, row }) =>
    store.query('select * from api_logs where trace_id = $1::uuid', [traceId(row)]),
};

/** All that is open, not a page of it. @type {typeof questions} */
const openQuestions = {
  'what is running': ({ reader }) => reader.running({}, Math.max(...manyUnits)),
  'what is stuck': ({ reader }) => findStuckWork(reader, { filter: {} }).then(({ units }) => units),
};

const server = await startServer(values.server);
try {
  await askAll(Number(values.small), warmUps);
  const small = await askAll(Number(values.small));
  const large = await askAll(Number(values.large));
  const open = await askOpen(Number(values.small));
  report(summarise(small, large, open), { json: values.json, postgres: server.version });
} finally {
  await server.stop();
}

/** @param {number} rows @param {number} [count] @returns {Promise<Map<string, Answer>>} */
async function askAll(rows, count = times) {
  const { url } = await ledgerOf(server, rows);
  const store = createPostgresStore({ connectionString: url });
  const answers = new Map();
  for (const [name, question] of Object.entries(questions)) {
    const answer = await ask(store, url, { rows, count }, question);
    answers.set(name, answer);
  }
  await store.close();
  console.error(`asked a ledger of ${rows.toLocaleString('en')} audit rows`);
  return answers;
}

/** What is running and stuck, by the number of open units. @param {number} rows @returns {Promise<readonly (readonly [number, Map<string, Answer>])[]>} */
async function askOpen(rows) {
  const { url: from } = await ledgerOf(server, rows);
  const found = [];
  for (const units of manyUnits) {
    const name = `ledger_open_${units}`;
    const url = await server.database(name, new URL(from).pathname.slice(1));
    await withClient(url, async (client) => {
      await openWork(client, units);
      await client.query('analyze');
    });
    const store = createPostgresStore({ connectionString: url });
    const answers = new Map();
    for (const [question, answer] of Object.entries(openQuestions)) {
      answers.set(question, await ask(store, url, { rows, count: times }, answer));
    }
    await store.close();
    await server.drop(name);
    found.push(/** @type {const} */ ([units, answers]));
  }
  return found;
}

/**
 * @param {LedgerStore} store
 * @param {string} url
 * @param {{ rows: number, count: number }} size
 * @param {(asked: Asked) => Promise<readonly unknown[]>} question
 * @returns {Promise<Answer>}
 */
async function ask(store, url, { rows, count }, question) {
  /** What was asked last, at one go. @type {readonly Statement[]} */
  let last = [];
  /** @type {LedgerStore} */
  const listening = Object.create(store, {
    query: {
      value: (/** @type {string} */ sql, /** @type {readonly unknown[]} */ parameters = []) => {
        last = [{ sql, parameters }];
        return store.query(sql, parameters);
      },
    },
    queries: {
      value: (/** @type {readonly Statement[]} */ statements) => {
        last = statements;
        return store.queries(statements);
      },
    },
  });
  const reader = createStoreReader(listening, 'spanledger');
  const anyRow = () => Math.floor(Math.random() * rows);
  const millis = [];
  let found = 0;
  for (let time = -warmUps; time < count; time += 1) {
    const asked = { reader, store: listening, row: anyRow() };
    const startedAt = performance.now();
    const answer = await question(asked);
    if (time >= 0) millis.push(performance.now() - startedAt);
    found = Math.max(found, answer.length);
  }
  return { millis, indexes: await indexesOf(url, last), rows: found };
}

/** The indexes in the plans of statements, by their names in the migrations. @param {string} url @param {readonly Statement[]} statements */
function indexesOf(url, statements) {
  return withClient(url, async (client) => {
    const plans = [];
    for (const { sql, parameters } of statements) {
      plans.push((await client.query(`explain (format json) ${sql}`, [...parameters])).rows);
    }
    const names = [...JSON.stringify(plans).matchAll(/"Index Name":"([^"]+)"/g)].map(([, name]) => name);
    const { rows: parents } = await client.query(
      `select distinct coalesce(inhparent, c.oid)::regclass::text as name
         from pg_class c left join pg_inherits on inhrelid = c.oid where c.relname = any($1) order by 1`,
      [names],
    );
    return parents.map(({ name }) => String(name));
  });
}

/**
 * @param {Map<string, Answer>} small
 * @param {Map<string, Answer>} large
 * @param {readonly (readonly [number, Map<string, Answer>])[]} open
 * @returns {import('./measurement.js').Result}
 */
function summarise(small, large, open) {
  const of = (/** @type {Map<string, Answer>} */ answers, /** @type {string} */ name, /** @type {number} */ share) =>
    quantile(answers.get(name)?.millis ?? [], share);
  const names = Object.keys(questions);
  const growth = (/** @type {string} */ name) => of(large, name, 0.5) / of(small, name, 0.5);
  const rows = names.map((name) => [
    name,
    large.get(name)?.rows ?? 0,
    figure(of(small, name, 0.5)),
    figure(of(small, name, 0.95)),
    figure(of(large, name, 0.5)),
    figure(of(large, name, 0.95)),
    figure(growth(name)),
    (large.get(name)?.indexes ?? []).join(', '),
  ]);
  const slowest = maxOf(names, (name) => of(large, name, 0.95));
  const steepest = maxOf(names, growth);
  const sizes = [values.small, values.large].map((size) => Number(size).toLocaleString('en'));
  return {
    name: 'queries',
    title: 'Questions to the ledger',
    about: `Each question ${times} times about ids by chance, pages of ${page} rows where nothing else is said, through the store, in one round trip each; rows over six months, a thousand a session, ten a trace, in the order in which they come from 24 sessions at a time that ship a hundred rows at once; a unit of work for every fifth audit row, ${openUnits} of them open. p50 and p95 in milliseconds with ${sizes.join(' and ')} audit rows; growth is the ratio of the p50.`,
    bound:
      'The round trip and the planner take half a millisecond or more that no index can save: a question without a time is planned for every month, and looks into the index of each. Each question is answered by one index and the pages that it points to; from a hundred thousand to ten million rows the indexes become one level deeper, and most pages are in the memory of the kernel, no longer in that of the server: a page of a timeline needs ten of them, all steps of a session, which came over hours, twenty. What runs is no look into an index: all open units are judged together, each by what is open inside it, which is half of what it takes; the other half are the last records of fifty units, and to print and read fifty rows of forty columns. What is stuck tells only of stuck units and those around them. Both depend on what is open, not on how much has been.',
    tables: [
      {
        title: `${sizes.join(' and ')} audit rows`,
        columns: ['question', 'rows', 'small p50', 'small p95', 'large p50', 'large p95', 'growth', 'indexes'],
        rows,
      },
      {
        title: 'By the number of open units',
        columns: ['open units', ...Object.keys(openQuestions).flatMap((name) => [`${name} p50`, 'p95'])],
        rows: open.map(([units, answers]) => [
          units,
          ...Object.keys(openQuestions).flatMap((name) => [0.5, 0.95].map((share) => figure(of(answers, name, share)))),
        ]),
      },
    ],
    goals: [
      {
        what: `p95 with ${sizes[1]} audit rows, slowest: ${slowest.name}`,
        bound: 'at most',
        limit: maxMillis,
        value: slowest.value,
        unit: ' ms',
      },
      {
        what: `p50 of the large ledger over the small one, highest: ${steepest.name}`,
        bound: 'at most',
        limit: maxGrowth,
        value: steepest.value,
        unit: ' x',
      },
    ],
  };
}

/** @param {readonly string[]} names @param {(name: string) => number} figureOf */
function maxOf(names, figureOf) {
  return names
    .map((question) => ({ name: question, value: figureOf(question) }))
    .reduce((most, one) => (one.value > most.value ? one : most));
}
