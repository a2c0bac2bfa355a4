// @ts-check
// How many spans a second with five events each the ledger keeps up with, on one machine with its Postgres: the highest rate at
// which the journal does not grow, and what becomes of more than that, beside OpenTelemetry with OTLP alone. Needs a build.
//
//   node bench/keep-up.js [--rate N] [--seconds N] [--ladder N,N,...] [--step SECONDS] [--server URL] [--json FILE]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { missingOf, parseAccount } from '../dist/journal/account.js';
import { listJournals } from '../dist/journal/journal-listing.js';
import { figure, report } from './measurement.js';
import { startServer, withClient } from './server.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '60' },
    ladder: { type: 'string', default: '1000,2000,3000,4000,5000,6000,8000' },
    step: { type: 'string', default: '6' },
    server: { type: 'string' },
    json: { type: 'string' },
  },
});
const bench = fileURLToPath(new URL('.', import.meta.url));
/** The cap of the journal is raised: what is asked is whether all is kept, not how soon two gigabytes are full. */
const journalBytes = 64 * 1024 ** 3;
const defaultJournalBytes = 2 * 1024 ** 3;
/** The journal does not grow where no more than what is written in this time is not stored yet. */
const sustainedSeconds = 1;
const accountMillis = 30_000;
const pollMillis = 100;

/** @typedef {{ items: number, perSecond: number, cpuRatio: number }} Made */
/**
 * @typedef {object} Kept
 * @property {Made} made
 * @property {number} bytesPerItem in the journal
 * @property {number} waitingBytes in the journal and not in Postgres when the last item was made
 * @property {number} storedPerSecond records, while items were made
 * @property {number} recordsPerItem this and what follows only with a collector
 * @property {number} dropped
 * @property {number} missing records that nobody knows of
 * @property {number} received spans at the collector
 */

const server = await startServer(values.server);
const sink = await startSink();
try {
  const ladder = await climb(values.ladder.split(',').map(Number), Number(values.step));
  const rate = Number(values.rate);
  const main = await keep(rate, Number(values.seconds), sink);
  const peer = await exportAlone(rate, Number(values.seconds) / 6, sink);
  report(summarise(ladder, main, peer), { json: values.json, postgres: server.version });
} finally {
  sink.stop();
  await server.stop();
}

/** Rates, one after another, until one is too high. @param {readonly number[]} rates @param {number} seconds */
async function climb(rates, seconds) {
  /** @type {{ rate: number, kept: Kept }[]} */
  const steps = [];
  for (const rate of rates) {
    const kept = await keep(rate, seconds);
    steps.push({ rate, kept });
    console.error(`${figure(rate)} spans/s: ${figure(secondsBehind(kept))} s behind`);
    if (!isSustained(rate, kept)) break;
  }
  return steps;
}

/** @param {Kept} kept */
function secondsBehind({ made, bytesPerItem, waitingBytes }) {
  return waitingBytes / bytesPerItem / made.perSecond;
}

/** @param {number} rate @param {Kept} kept */
function isSustained(rate, kept) {
  return kept.made.perSecond >= rate * 0.98 && secondsBehind(kept) <= sustainedSeconds;
}

/** Runs the program with the ledger, and with a collector asks it for its account. @param {number} rate @param {number} seconds @param {Sink} [collector] @returns {Promise<Kept>} */
async function keep(rate, seconds, collector) {
  const url = await server.database('run');
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  const before = await collector?.spans();
  const child = run(['--import', 'spanledger/register'], [String(rate), String(seconds)], {
    DATABASE_URL: url,
    SPANLEDGER_DIR: directory,
    SPANLEDGER_JOURNAL_MAX_BYTES: String(journalBytes),
    ...(collector !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
  });
  try {
    const made = await madeBy(child);
    const state = await stateOf(url, directory);
    const account = collector === undefined ? undefined : await accountOf(directory);
    const received = collector === undefined ? Number.NaN : (await settled(collector)) - (before ?? 0);
    return {
      made,
      waitingBytes: state.waitingBytes,
      bytesPerItem: state.bytes / made.items,
      storedPerSecond: state.stored / (made.items / made.perSecond),
      recordsPerItem: (account?.produced ?? Number.NaN) / made.items,
      dropped: account?.dropped ?? Number.NaN,
      missing: account?.missing ?? Number.NaN,
      received,
    };
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await server.drop('run');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs the program with OTLP alone, and answers which share of its spans arrived. @param {number} rate @param {number} seconds @param {Sink} collector */
async function exportAlone(rate, seconds, collector) {
  const before = await collector.spans();
  const child = run([], [String(rate), String(seconds), collector.url], {});
  const made = await madeBy(child);
  const received = (await settled(collector)) - before;
  child.kill('SIGKILL');
  return { made, received };
}

/** @param {readonly string[]} flags @param {readonly string[]} args @param {Record<string, string>} env */
function run(flags, args, env) {
  return spawn(process.execPath, [...flags, join(bench, 'keep-up-app.js'), ...args], {
    cwd: join(bench, '..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<Made>} */
async function madeBy(child) {
  const ended = new AbortController();
  child.once('exit', (code) => ended.abort(new Error(`The program ended with ${code}.`)));
  const [{ items, millis, cpu }] = await once(child, 'message', { signal: ended.signal });
  return { items, perSecond: (items / millis) * 1_000, cpuRatio: (cpu.user + cpu.system) / 1_000 / millis };
}

/** What is in the journal and what is in the database, at this moment. @param {string} url @param {string} directory */
async function stateOf(url, directory) {
  return withClient(url, async (client) => {
    const { rows } = await client.query(
      'select segment, end_offset::float8 as "end", records::float8 as records from shipments',
    );
    const offsets = new Map(rows.map((row) => [row.segment, row.end]));
    const [journal] = await listJournals(directory);
    const segments = journal?.segments ?? [];
    const waiting = segments.map(({ name, bytes }) => Math.max(0, bytes - (offsets.get(name) ?? 0)));
    const waitingBytes = waiting.reduce((sum, bytes) => sum + bytes, 0);
    const storedBytes = rows.reduce((sum, row) => sum + row.end, 0);
    return { waitingBytes, bytes: storedBytes + waitingBytes, stored: rows.reduce((sum, row) => sum + row.records, 0) };
  });
}

/** What the process says of its records in a sign of life after the last item. @param {string} directory */
async function accountOf(directory) {
  const since = Date.now() * 1_000;
  for (const deadline = Date.now() + accountMillis; Date.now() < deadline; await setTimeout(pollMillis)) {
    const [journal] = await listJournals(directory);
    const account = parseAccount(journal?.heartbeat?.figures);
    if (account === undefined || (journal?.heartbeat?.at ?? 0) < since) continue;
    return {
      produced: sum(Object.values(account.produced)),
      dropped: sum(Object.values(account.dropped).flatMap((reasons) => Object.values(reasons))),
      missing: sum(Object.values(missingOf(account))),
    };
  }
  throw new Error('The program gave no account of its records.');
}

/** @param {readonly number[]} counts */
function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}

/** @typedef {{ url: string, spans: () => Promise<number>, stop: () => void }} Sink */

/** @returns {Promise<Sink>} */
async function startSink() {
  const child = spawn(process.execPath, [join(bench, 'otlp-sink.js')], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const [port] = await once(/** @type {import('node:stream').Readable} */ (child.stdout), 'data');
  return {
    url: `http://127.0.0.1:${String(port).trim()}`,
    async spans() {
      child.send('count');
      const [count] = await once(child, 'message');
      return count;
    },
    stop: () => child.disconnect(),
  };
}

/** Spans at the collector once no more arrive. @param {Sink} collector */
async function settled(collector) {
  for (let last = -1; ; ) {
    const count = await collector.spans();
    if (count === last) return count;
    last = count;
    await setTimeout(1_500);
  }
}

/**
 * @param {readonly { rate: number, kept: Kept }[]} ladder
 * @param {Kept} main
 * @param {{ made: Made, received: number }} peer
 * @returns {import('./measurement.js').Result}
 */
function summarise(ladder, main, peer) {
  const sustained = ladder.filter(({ rate, kept }) => isSustained(rate, kept)).at(-1)?.rate ?? 0;
  const growing = main.waitingBytes / (main.made.items / main.made.perSecond);
  return {
    name: 'keep-up',
    title: 'Keeping up',
    about: `A span with five events each (an item with five transitions) makes ${figure(main.recordsPerItem)} records of ${figure(main.bytesPerItem)} bytes in the journal together. The program, its courier and Postgres share the machine. A rate is sustained where after ${values.step} s no more than the last ${sustainedSeconds} s wait in the journal. Then ${figure(Number(values.rate))} spans/s are asked for, for ${values.seconds} s, with a collector besides; the peer is the same program with OTLP alone.`,
    bound:
      'Postgres stores some tens of thousands of rows a second on a processor, and a span with five events makes seven of them; so the database decides which rate is sustained, and the journal takes what is above it. The main thread decides how many spans can be made.',
    tables: [
      {
        title: 'Rates one after another',
        columns: ['spans/s asked for', 'spans/s made', 'records/s stored', 'journal behind, s'],
        rows: ladder.map(({ rate, kept }) => [
          figure(rate),
          figure(kept.made.perSecond),
          figure(kept.storedPerSecond),
          figure(secondsBehind(kept)),
        ]),
      },
      {
        title: `${figure(Number(values.rate))} spans/s asked for`,
        columns: ['program', 'spans/s made', 'processors', 'spans lost by OTLP', 'records/s stored', 'records dropped'],
        rows: [
          [
            'spanledger with OTLP',
            figure(main.made.perSecond),
            figure(main.made.cpuRatio),
            lost(main.received, main.made.items),
            figure(main.storedPerSecond),
            main.dropped,
          ],
          [
            'OTLP alone',
            figure(peer.made.perSecond),
            figure(peer.made.cpuRatio),
            lost(peer.received, peer.made.items),
            '',
            '',
          ],
        ],
      },
      {
        title: 'The journal meanwhile',
        columns: ['grows by, MB/s', 'seconds until it drops at its default cap'],
        rows: [[figure(growing / 1e6), growing > 0 ? figure(defaultJournalBytes / growing) : 'never']],
      },
    ],
    goals: [
      { what: 'Records dropped or unaccounted for', bound: 'at most', limit: 0, value: main.dropped + main.missing },
      {
        what: 'Spans made of those asked for',
        bound: 'at least',
        limit: 0.98,
        value: main.made.perSecond / Number(values.rate),
        unit: ' x',
      },
      {
        what: 'Highest rate of the ladder that is sustained',
        bound: 'at least',
        limit: 1_000,
        value: sustained,
        unit: ' spans/s',
      },
    ],
  };
}

/** Without the span of the session, which is still open. @param {number} received @param {number} made */
function lost(received, made) {
  return `${figure(Math.max(0, 1 - received / made) * 100)} %`;
}
