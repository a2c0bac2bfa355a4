// @ts-check
// One run of keep-up.js: the program at a rate, what it made, what waits, what is stored, and who used the processors.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { missingOf, parseAccount } from '../dist/journal/account.js';
import { listJournals } from '../dist/journal/journal-listing.js';
import { processorsBetween, processorTimes } from './processors.js';
import { withClient } from './server.js';

const bench = fileURLToPath(new URL('.', import.meta.url));
/** The cap of the journal is raised: what is asked is whether all is kept, not how soon two gigabytes are full. */
const journalBytes = 64 * 1024 ** 3;
const accountMillis = 60_000;
const mostDrainSeconds = 180;
const pollMillis = 100;
const sampleMillis = 1_000;

/** @typedef {{ at: number, waitingBytes: number, bytes: number, stored: number }} Sample seconds since the begin; records stored since then */
/**
 * What became of a run. NaN where there was no ledger, or nobody asked.
 * @typedef {object} Kept
 * @property {number} items
 * @property {number} warmUp items before them
 * @property {number} perSecond
 * @property {readonly Sample[]} samples
 * @property {number} bytesPerItem in the journal
 * @property {number} waitingBytes in the journal and not in Postgres when the last item was made
 * @property {number} storedPerSecond records, while items were made
 * @property {number} recordsPerItem
 * @property {number} dropped
 * @property {number} missing records that nobody knows of
 * @property {number} received spans at the collector
 * @property {number} drainSeconds until nothing waited any more
 * @property {import('./processors.js').Times} processors
 */
/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {{ url: string, pid: number | undefined, spans: () => Promise<number>, stop: () => void }} Sink */

/** Seconds of work that wait in the journal. @param {Kept} kept */
export function secondsBehind({ perSecond, bytesPerItem, waitingBytes }) {
  return waitingBytes / bytesPerItem / perSecond;
}

/** @param {import('./server.js').Server} server */
export async function startRuns(server) {
  const sink = await startSink();
  return {
    /**
     * Runs the program with the ledger. With a collector, OTLP takes its spans besides.
     * @param {number} rate
     * @param {number} seconds
     * @param {{ withCollector?: boolean, drain?: boolean }} [options]
     */
    keep: (rate, seconds, { withCollector = false, drain = true } = {}) =>
      keep(server, { rate, seconds, drain, collector: withCollector ? sink : undefined }),
    /** Runs the program with OTLP alone. @param {number} rate @param {number} seconds */
    exportAlone: (rate, seconds) => exportAlone(server, sink, rate, seconds),
    stop: () => sink.stop(),
  };
}

/**
 * @param {import('./server.js').Server} server
 * @param {{ rate: number, seconds: number, drain: boolean, collector: Sink | undefined }} options
 * @returns {Promise<Kept>}
 */
async function keep(server, { rate, seconds, drain, collector }) {
  const url = await server.database('run');
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  const before = (await collector?.spans()) ?? 0;
  const child = run(['--import', 'spanledger/register'], [String(rate), String(seconds)], {
    DATABASE_URL: url,
    SPANLEDGER_DIR: directory,
    SPANLEDGER_JOURNAL_MAX_BYTES: String(journalBytes),
    ...(collector === undefined ? noExports : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
  });
  try {
    const begun = await stateWhen(child, url, directory);
    const { made, samples, processors } = await watched(server, child, collector, () =>
      stateSince(begun, url, directory),
    );
    const end = samples.at(-1) ?? { at: 0, waitingBytes: Number.NaN, bytes: Number.NaN, stored: Number.NaN };
    const account = drain ? await accountOf(directory) : undefined;
    return {
      ...made,
      samples,
      processors,
      waitingBytes: end.waitingBytes,
      bytesPerItem: end.bytes / made.items,
      storedPerSecond: end.stored / end.at,
      recordsPerItem: (account?.produced ?? Number.NaN) / (made.items + made.warmUp),
      dropped: account?.dropped ?? Number.NaN,
      missing: account?.missing ?? Number.NaN,
      drainSeconds: drain ? await drained(url, directory) : Number.NaN,
      received: collector === undefined ? Number.NaN : (await settled(collector)) - before,
    };
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await server.drop('run');
    rmSync(directory, { recursive: true, force: true });
  }
}

const noExports = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };

/** @param {import('./server.js').Server} server @param {Sink} collector @param {number} rate @param {number} seconds @returns {Promise<Kept>} */
async function exportAlone(server, collector, rate, seconds) {
  const before = await collector.spans();
  const child = run([], [String(rate), String(seconds), collector.url], {});
  const none = Number.NaN;
  const ledger = {
    bytesPerItem: none,
    waitingBytes: none,
    storedPerSecond: none,
    recordsPerItem: none,
    drainSeconds: none,
  };
  try {
    await messageOf(child);
    const { made, processors } = await watched(server, child, collector, undefined);
    const received = (await settled(collector)) - before;
    return { ...made, ...ledger, samples: [], processors, dropped: none, missing: none, received };
  } finally {
    child.kill('SIGKILL');
  }
}

/** @param {readonly string[]} flags @param {readonly string[]} args @param {Record<string, string>} env */
function run(flags, args, env) {
  return spawn(process.execPath, [...flags, join(bench, 'keep-up-app.js'), ...args], {
    cwd: join(bench, '..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** The next message of the program. @param {ChildProcess} child */
async function messageOf(child) {
  const ended = new AbortController();
  const end = (/** @type {number | null} */ code) => ended.abort(new Error(`The program ended with ${code}.`));
  child.once('exit', end);
  try {
    const [message] = await once(child, 'message', { signal: ended.signal });
    return message;
  } catch (error) {
    throw ended.signal.reason ?? error;
  } finally {
    child.off('exit', end);
  }
}

/** Waits until the program begins what counts, and looks at what its warming up has left. @param {ChildProcess} child @param {string} url @param {string} directory */
async function stateWhen(child, url, directory) {
  await messageOf(child);
  return { ...(await stateOf(url, directory)), at: performance.now() };
}

/**
 * Looks once a second while the program is at work, and once more when it has done it.
 * @param {import('./server.js').Server} server
 * @param {ChildProcess} child
 * @param {Sink | undefined} collector
 * @param {(() => Promise<Sample>) | undefined} look
 */
async function watched(server, child, collector, look) {
  const times = () =>
    processorTimes({ program: child.pid ?? 0, collector: collector?.pid, postgres: server.cpuSeconds });
  const before = times();
  /** @type {Sample[]} */
  const samples = [];
  let isOver = false;
  const over = messageOf(child).finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (look !== undefined && !isOver) {
    await Promise.race([over, setTimeout(sampleMillis)]);
    samples.push(await look());
  }
  const { items, millis, warmUp } = await over;
  const processors = processorsBetween(before, times());
  return { made: { items, warmUp, perSecond: (items / millis) * 1_000 }, samples, processors };
}

/** @param {Sample} begun @param {string} url @param {string} directory @returns {Promise<Sample>} */
async function stateSince(begun, url, directory) {
  const { waitingBytes, bytes, stored } = await stateOf(url, directory);
  const at = (performance.now() - begun.at) / 1_000;
  return { at, waitingBytes, bytes: bytes - begun.bytes, stored: stored - begun.stored };
}

/** What is in the journal and what is in the database, at this moment. @param {string} url @param {string} directory */
async function stateOf(url, directory) {
  return withClient(url, async (client) => {
    const [journal] = await listJournals(directory);
    const { rows } = await client.query(
      'select segment, end_offset::float8 as "end", records::float8 as records from shipments',
    );
    const offsets = new Map(rows.map((row) => [row.segment, row.end]));
    const segments = journal?.segments ?? [];
    const waiting = segments.map(({ name, bytes }) => Math.max(0, bytes - (offsets.get(name) ?? 0)));
    const waitingBytes = sum(waiting);
    const storedBytes = sum(rows.map((row) => row.end));
    return { waitingBytes, bytes: storedBytes + waitingBytes, stored: sum(rows.map((row) => row.records)) };
  });
}

/** Seconds until nothing waits, or NaN if that takes too long. @param {string} url @param {string} directory */
async function drained(url, directory) {
  const startedAt = performance.now();
  for (;;) {
    const seconds = (performance.now() - startedAt) / 1_000;
    if ((await stateOf(url, directory)).waitingBytes < leastBytes) return seconds;
    if (seconds > mostDrainSeconds) return Number.NaN;
    await setTimeout(pollMillis);
  }
}

/** The program goes on with its signs of life and its session. */
const leastBytes = 64 * 1024;

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

/** @returns {Promise<Sink>} */
async function startSink() {
  const child = spawn(process.execPath, [join(bench, 'otlp-sink.js')], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const [port] = await once(/** @type {import('node:stream').Readable} */ (child.stdout), 'data');
  return {
    url: `http://127.0.0.1:${String(port).trim()}`,
    pid: child.pid,
    async spans() {
      child.send('count');
      const [count] = await once(child, 'message');
      return count;
    },
    stop: () => child.disconnect(),
  };
}

/** A batch processor waits five seconds for more. */
const lastBatchMillis = 6_000;

/** Spans at the collector once no more arrive. @param {Sink} collector */
async function settled(collector) {
  for (let last = -1; ; ) {
    const count = await collector.spans();
    if (count === last) return count;
    last = count;
    await setTimeout(lastBatchMillis);
  }
}
