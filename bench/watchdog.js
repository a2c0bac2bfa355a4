// @ts-check
// What the watchdog costs while nothing is blocked: processor time of the main thread for the spans it is shown and for whole items, and of
// the whole process while it idles; memory of its thread. With and without take turns in processes of their own, so that what else the
// machine does hits both alike. Needs a build.
//
//   node bench/watchdog.js [--rounds 7] [--items 10000] [--spans 100000] [--idle SECONDS] [--json FILE]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { importSession } from '../dist/index.js';
import { openJournal } from '../dist/journal/open-journal.js';
import { createSharedTally } from '../dist/journal/tally.js';
import { createLiveSpanProcessor, createRecorder } from '../dist/recording/index.js';
import { createWatchMemory } from '../dist/watchdog/watch-memory.js';
import { startWatchdog } from '../dist/watchdog/watchdog.js';
import { figure, median, report } from './measurement.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    items: { type: 'string', default: '10000' },
    spans: { type: 'string', default: '100000' },
    idle: { type: 'string', default: '5' },
    json: { type: 'string' },
    variant: { type: 'string' },
  },
});
const [rounds, items, spans, idle] = [options.rounds, options.items, options.spans, options.idle].map(Number);

/** A query on the same machine takes about as long at least. */
const queryMicros = 200;

/** @typedef {{ item: number, call: number, plain: number, idle: number, memory: number }} Sample microseconds; a share; MB */

let sessions = 0;

if (options.variant === undefined) compare();
else await measure(options.variant === 'watched');

/** Runs in a child and prints a sample. @param {boolean} isWatched */
async function measure(isWatched) {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const owner = { instanceId: 'bench', service: 'bench', host: 'bench', pid: process.pid, startedAt: Date.now() * 1e3 };
  const recorder = createRecorder({ journal: openJournal({ directory, owner }) });
  const before = process.memoryUsage.rss();
  const watchdog = isWatched ? watch(directory, owner) : undefined;
  await sleep(1_000);
  const memory = (process.memoryUsage.rss() - before) / 1e6;
  const idleShare = await idleCost();
  const spanProcessors = [
    createLiveSpanProcessor(recorder),
    ...(watchdog === undefined ? [] : [watchdog.spanProcessor]),
  ];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  const sample = {
    item: await perUnit(items ?? 0, doItems),
    call: await perUnit(spans ?? 0, async (count) => makeSpans(count, SpanKind.CLIENT)),
    plain: await perUnit(spans ?? 0, async (count) => makeSpans(count, SpanKind.INTERNAL)),
    idle: idleShare,
    memory,
  };
  process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit(0));
}

/** @param {string} directory @param {import('../dist/watchdog/watchdog.js').WatchdogOptions['owner']} owner */
function watch(directory, owner) {
  const plain = {
    thresholdMillis: 1_000,
    redaction: { redactKeys: [], redactPatterns: [], redactPaths: [] },
    journalMaxBytes: 1e9,
    tally: createSharedTally(),
    heartbeats: false,
    logs: undefined,
  };
  return startWatchdog({ ...plain, directory, owner, memory: createWatchMemory(), environment: {} });
}

/** Share of a processor that the whole process takes while it does nothing. */
async function idleCost() {
  const before = process.cpuUsage();
  await sleep((idle ?? 0) * 1_000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ((idle ?? 1) * 1e6);
}

/** @param {number} count @param {(count: number) => Promise<unknown>} work */
async function perUnit(count, work) {
  await work(Math.ceil(count / 4));
  const before = mainThreadMicros();
  await work(count);
  return (mainThreadMicros() - before) / count;
}

/** @param {number} count */
function doItems(count) {
  sessions += 1;
  return importSession({ id: `bench-${sessions}`, kind: 'bench' }, async (session) => {
    for (let index = 0; index < count; index += 1) {
      await session.item({ id: `item-${index}` }, async (item) => {
        await item.step('analyze', async () => index);
        item.to('checking', 'next step');
        item.to('moving', 'next step');
        await item.step('move', async () => index);
        item.to('updating', 'next step');
        await item.step('update', async () => index);
      });
      if (index % 4 === 0) await setImmediate();
    }
  });
}

/** @param {number} count @param {SpanKind} kind */
function makeSpans(count, kind) {
  const tracer = trace.getTracer('bench');
  const text =
    'select id, name, created_at from some_schema.some_table where id = $1 and state = $2 order by id limit 10';
  for (let index = 0; index < count; index += 1) {
    tracer.startSpan('query', { kind, attributes: { 'db.system.name': 'postgresql', 'db.query.text': text } }).end();
  }
}

/** Processor time of this thread; of the process, where the system does not tell. */
function mainThreadMicros() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1_000;
  } catch {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
}

function compare() {
  /** @type {Record<'bare' | 'watched', Sample[]>} */
  const samples = { bare: [], watched: [] };
  for (let round = 0; round < (rounds ?? 0); round += 1) {
    const order = /** @type {('bare' | 'watched')[]} */ (['bare', 'watched']);
    for (const variant of round % 2 === 0 ? order : order.toReversed()) samples[variant].push(child(variant));
  }
  report(summarise(samples), { json: options.json });
}

/** @param {string} variant @returns {Sample} */
function child(variant) {
  const sizes = ['--items', String(items), '--spans', String(spans), '--idle', String(idle)];
  const args = [fileURLToPath(import.meta.url), '--variant', variant, ...sizes];
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.status !== 0) throw new Error(`The variant ${variant} ended with ${result.status ?? result.signal}.`);
  return JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
}

/** @param {Record<'bare' | 'watched', Sample[]>} samples @returns {import('./measurement.js').Result} */
function summarise({ bare, watched }) {
  const medians = (/** @type {keyof Sample} */ key) => [least(bare, key), least(watched, key)];
  const added = (/** @type {keyof Sample} */ key) => least(watched, key) - least(bare, key);
  const row = (/** @type {string} */ what, /** @type {keyof Sample} */ key) => [
    what,
    ...medians(key).map(figure),
    figure(added(key)),
  ];
  const callShare = (added('call') / queryMicros) * 100;
  return {
    name: 'watchdog',
    title: 'The watchdog while nothing is blocked',
    about: `Least of ${rounds} processes each: processor time of the main thread per item (four units, five transitions), per span; of the whole process while it idles.`,
    bound: 'Writing to shared memory, and a map.',
    tables: [
      {
        title: 'Cost',
        columns: ['what', 'without', 'with', 'added'],
        rows: [
          row('an item, µs', 'item'),
          row('a call (CLIENT span), µs', 'call'),
          row('another span, µs', 'plain'),
          [
            'idle, % of a processor',
            ...medians('idle').map((share) => figure(share * 100)),
            figure(added('idle') * 100),
          ],
          [
            'memory, MB',
            '',
            '',
            figure(median(watched.map(({ memory }) => memory)) - median(bare.map(({ memory }) => memory))),
          ],
        ],
      },
    ],
    goals: [
      {
        what: 'throughput of items',
        bound: 'at most',
        limit: 1,
        value: (added('item') / least(bare, 'item')) * 100,
        unit: ' % less',
      },
      {
        what: `a call that takes ${queryMicros / 1000} ms`,
        bound: 'at most',
        limit: 1,
        value: callShare,
        unit: ' % longer',
      },
      { what: 'idle', bound: 'at most', limit: 1, value: added('idle') * 100, unit: ' % of a processor' },
    ],
  };
}

/** What else runs only ever adds. @param {readonly Sample[]} samples @param {keyof Sample} key */
function least(samples, key) {
  return Math.min(...samples.map((sample) => sample[key]));
}
