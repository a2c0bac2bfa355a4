// @ts-check
// What one item with five transitions and three steps costs on the main thread: the functions alone, OpenTelemetry with the same spans
// and events, and spanledger. Every figure is processor time of the main thread of a process of its own; variants take turns, so that
// what else the machine does hits all alike. Needs a build.
//
//   node bench/hot-path.js [--items N] [--rounds N] [--json FILE]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { variants } from './hot-path-variants.js';
import { figure, median, report } from './measurement.js';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    variant: { type: 'string' },
    collector: { type: 'string', default: '' },
  },
});
const items = Number(values.items);
const rounds = Number(values.rounds);
const warmUpItems = 3_000;
/** Items of a turn of the event loop. */
const itemsPerTurn = 4;

/** @typedef {{ cpu: number, delay: number }} Sample microseconds per item; milliseconds of event-loop delay, 99th percentile */

if (values.variant === undefined) await compare();
else await measure(values.variant, values.collector);

/** Runs in a child and prints a sample. @param {string} name @param {string} collector */
async function measure(name, collector) {
  const run = await variants[name]?.prepare(collector);
  if (run === undefined) throw new Error(`There is no variant ${name}.`);
  let count = 0;
  const afterEach = () => {
    count += 1;
    return count % itemsPerTurn === 0 ? setImmediate() : undefined;
  };
  await run(warmUpItems, 'warm-up', afterEach);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = mainThreadMicros();
  await run(items, 'measured', afterEach);
  const cpu = (mainThreadMicros() - before) / items;
  delay.disable();
  const sample = { cpu, delay: delay.percentile(99) / 1e6 };
  process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit(0));
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

async function compare() {
  const sink = spawn(process.execPath, [fileURLToPath(new URL('./otlp-sink.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    const [port] = await once(/** @type {import('node:stream').Readable} */ (sink.stdout), 'data');
    const collector = `http://127.0.0.1:${String(port).trim()}`;
    report(summarise(collect(collector)), { json: values.json });
  } finally {
    sink.disconnect();
  }
}

/** @param {string} collector */
function collect(collector) {
  const names = Object.keys(variants);
  /** @type {Map<string, Sample[]>} */
  const samples = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) samples.get(name)?.push(child(name, collector));
  }
  return samples;
}

/** @param {string} name @param {string} collector @returns {Sample} */
function child(name, collector) {
  const script = fileURLToPath(import.meta.url);
  const args = [script, '--variant', name, '--items', String(items), '--collector', collector];
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.status !== 0) throw new Error(`The variant ${name} ended with ${result.status ?? result.signal}.`);
  const sample = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
  console.error(`${name}: ${figure(sample.cpu)} µs`);
  return sample;
}

/** @param {Map<string, Sample[]>} samples @returns {import('./measurement.js').Result} */
function summarise(samples) {
  const bare = samples.get('bare') ?? [];
  const otlp = samples.get('otlp') ?? [];
  const added = (/** @type {Sample} */ { cpu }, /** @type {number} */ round) => cpu - (bare[round]?.cpu ?? 0);
  const ratioOf = (/** @type {string} */ name) =>
    median(
      (samples.get(name) ?? []).map((sample, round) => added(sample, round) / added(otlp[round] ?? sample, round)),
    );
  const delayOf = (/** @type {string} */ name) => median((samples.get(name) ?? []).map(({ delay }) => delay));
  const rows = [...samples].map(([name, own]) => [
    variants[name]?.title ?? name,
    figure(median(own.map(({ cpu }) => cpu))),
    figure(median(own.map(added))),
    name === 'bare' ? '' : figure(ratioOf(name)),
    figure(delayOf(name)),
  ]);
  const columns = ['variant', 'µs an item', 'added', 'of OTLP', 'event-loop delay p99, ms'];
  return {
    name: 'hot-path',
    title: 'The hot path',
    about: `An item with five transitions and three steps, ${figure(items)} items a run, medians of ${rounds} rounds in turns. Processor time of the main thread, sending over OTLP included; the collector is another process.`,
    bound:
      'OpenTelemetry’s own spans, ids and contexts come first, in all variants alike: 30 µs. Then come eleven calls of the operating system, 25 µs, since each start and each transition is on disk before the call returns. What OTLP costs leaves less than 20 µs for fifteen records of 420 bytes, which take 40 to project and to encode; they were 100 in the first design. Taken away one after the other, on a busy machine, the writes are 31 % of the whole, the encoder with its checksums and counts 29 %, the projection 13 %, spans with their events 16 %; contexts, promises and state machines are the rest. A second design, in which a record is written straight from what was announced and no object is made of it, was built three ways: as one text, as a text from remembered pieces, and as bytes copied from them. None was cheaper (38 to 47 µs for fifteen records against 38): a checksum takes 0.3 µs, the frame and its counts as much, and attributes have to be read either way. One line for what belongs to one call could save no more than 5 µs, which is what leaving four of the fifteen records out altogether saves. Neither another checksum, nor remembered numbers, nor digits from a table, nor contexts that copy no values (0.7 µs) made a difference that lasts.',
    tables: [{ title: 'Main thread', columns, rows }],
    goals: [
      {
        what: 'Main thread, spanledger with its journal, of OTLP',
        bound: 'at most',
        limit: 1,
        value: ratioOf('journal'),
        unit: ' x',
      },
      {
        what: 'Event-loop delay p99, spanledger with its journal, of OTLP',
        bound: 'at most',
        limit: 1,
        value: delayOf('journal') / delayOf('otlp'),
        unit: ' x',
      },
    ],
  };
}
