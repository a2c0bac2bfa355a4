// @ts-check
// All benchmarks, one after another, on one Postgres. In full it writes bench/results and docs/performance.md and wants the machine for
// itself for a quarter of an hour; --small tries everything in a few minutes and writes nothing. Needs a build.
//
//   node bench/run.js [--small] [--only NAME ...]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchmarkResults, performancePage } from '../scripts/docs/performance.js';
import { startServer } from './server.js';

const { values } = parseArgs({
  options: { small: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});

/**
 * A benchmark: its script, whether it takes a server, and its sizes.
 * @typedef {{ script: string, server?: boolean, full: string, small: string }} Benchmark
 */

/** Those that leave large databases behind come last. @type {Record<string, Benchmark>} */
const benchmarks = {
  startup: { script: 'startup.js', full: '--rounds 3', small: '--rounds 1' },
  journal: { script: 'journal.js', full: '', small: '--rounds 30' },
  'hot-path': { script: 'hot-path.js', full: '', small: '--items 2000 --rounds 1' },
  watchdog: {
    script: 'watchdog.js',
    full: '--rounds 3 --idle 3',
    small: '--rounds 1 --items 1000 --spans 5000 --idle 1',
  },
  logs: { script: 'logs.js', full: '', small: '--rounds 1 --lines 5000' },
  memory: { script: 'memory.js', full: '', small: '--items 20000' },
  http: { script: 'http.js', server: true, full: '', small: '--rounds 2 --millis 300' },
  embedded: { script: 'embedded.js', server: true, full: '', small: '--records 4000 --rounds 1' },
  ship: { script: 'ship.js', server: true, full: '', small: '--records 6000 --files 400 --single 200 --rounds 1' },
  sustained: {
    script: 'ship.js',
    server: true,
    full: '--name sustained --methods ship,reference --records 1000000 --files 50000 --rounds 1',
    small: '--name sustained --methods ship,reference --records 20000 --files 1000 --rounds 1',
  },
  'keep-up': {
    script: 'keep-up.js',
    server: true,
    full: '',
    small: '--rate 800 --seconds 6 --from 100 --step 3',
  },
  queries: { script: 'queries.js', server: true, full: '', small: '--small 10000 --large 50000 --times 30' },
  growth: {
    script: 'growth.js',
    server: true,
    full: '--rounds 2',
    small: '--sizes 10000,50000 --writers 1,2 --records 10000 --rounds 1',
  },
};

const bench = fileURLToPath(new URL('.', import.meta.url));
const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const chosen = Object.entries(benchmarks).filter(([name]) => values.only?.includes(name) ?? true);
/** What is stuck is ended, and the others are measured. */
const maxMinutes = values.small ? 10 : 60;

process.exitCode = await runAll();

/** Answers the exit code. */
async function runAll() {
  const startedAt = performance.now();
  const server = await startServer();
  /** @type {string[]} */
  const failed = [];
  try {
    for (const [index, [name, benchmark]] of chosen.entries()) {
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      console.log(`\n[${index + 1}/${chosen.length}, ${seconds} s] ${name}`);
      if (!(await run(name, benchmark, server.url))) failed.push(name);
    }
  } finally {
    await server.stop();
  }
  if (!values.small) writeFileSync(page, performancePage(benchmarkResults(`${bench}results`)));
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`\n${chosen.length - failed.length} of ${chosen.length} benchmarks ran, ${seconds} s`);
  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

/** @param {string} name @param {Benchmark} benchmark @param {string} url */
function run(name, { script, server = false, full, small }, url) {
  const sizes = (values.small ? small : full).split(' ').filter((word) => word !== '');
  const places = [
    ...(server ? ['--server', url] : []),
    ...(values.small ? [] : ['--json', `${bench}results/${name}.json`]),
  ];
  return node(script, [...sizes, ...places]);
}

/** Whether a script ended well. @param {string} script @param {readonly string[]} args */
async function node(script, args) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), maxMinutes * 60_000);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  return code === 0;
}
