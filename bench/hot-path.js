// What one item with five transitions and three steps costs on the main thread: the bare function, OpenTelemetry spans and
// events written by hand, and spanledger. Every figure is CPU time of a process of its own; pairs run by turns, so that
// what else the machine does hits both alike.
//
//   node bench/hot-path.js [--items N] [--pairs N] [--json]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { variants } from './hot-path-variants.js';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '20000' },
    pairs: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    variant: { type: 'string' },
  },
});

const items = Number(values.items);
if (values.variant === undefined) compare();
else await measure(values.variant);

/** Runs in a child: prints CPU and wall microseconds per item, after a warm-up. */
async function measure(name) {
  const variant = variants[name];
  const run = await variant.prepare();
  await run(Math.min(items, 5_000), 'warm-up');
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await run(items, 'measured');
  const wall = (performance.now() - startedAt) * 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  const micros = { cpu: (cpu.user + cpu.system) / items, wall: wall / items };
  process.stdout.write(`${JSON.stringify(micros)}\n`, () => process.exit(0));
}

function compare() {
  const names = Object.keys(variants);
  const samples = new Map(names.map((name) => [name, []]));
  for (let pair = 0; pair < Number(values.pairs); pair += 1) {
    for (const name of pair % 2 === 0 ? names : names.toReversed()) samples.get(name).push(child(name));
  }
  const rows = names.map((name) => ({ name, ...best(samples.get(name)) }));
  print(rows);
}

function child(name) {
  const script = fileURLToPath(import.meta.url);
  const result = spawnSync(process.execPath, [script, '--variant', name, '--items', String(items)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (result.status !== 0) throw new Error(`The variant ${name} ended with ${result.status ?? result.signal}.`);
  return JSON.parse(result.stdout.trim().split('\n').at(-1));
}

/** The least disturbed run of each. */
function best(runs) {
  return { cpu: Math.min(...runs.map(({ cpu }) => cpu)), wall: Math.min(...runs.map(({ wall }) => wall)) };
}

function print(rows) {
  const bare = rows.find(({ name }) => name === 'bare');
  const otel = rows.find(({ name }) => name === 'otel');
  const table = rows.map(({ name, cpu, wall }) => ({
    variant: variants[name].title,
    'CPU µs/item': cpu.toFixed(1),
    'wall µs/item': wall.toFixed(1),
    'added CPU µs': (cpu - bare.cpu).toFixed(1),
    'x otel, added': name === 'bare' ? '' : ((cpu - bare.cpu) / (otel.cpu - bare.cpu)).toFixed(2),
  }));
  if (values.json) console.log(JSON.stringify({ items, pairs: Number(values.pairs), rows }));
  else console.table(table);
}
