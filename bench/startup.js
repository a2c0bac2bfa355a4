// @ts-check
// What `--import spanledger/register` costs at start: wall time and memory of a program that does nothing, in the ways it can be
// started, taken in turns so that a busy machine disturbs all alike. Needs a build.
//
//   node bench/startup.js [--rounds N] [--json FILE]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figure, median, report } from './measurement.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'string' } },
});
const rounds = Number(values.rounds);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
const plain = 'plain node';
const peer = 'OpenTelemetry NodeSDK';

const app = join(scratch, 'app.js');
writeFileSync(app, 'process.stdout.write(String(process.memoryUsage.rss()));\n');

const variants = [
  { name: plain, flags: [], env: {} },
  { name: peer, flags: ['--import', join(root, 'bench', 'node-sdk.js')], env: {} },
  { name: 'spanledger, journal only', flags: ['--import', 'spanledger/register'], env: {} },
  {
    name: 'spanledger, database and OTLP',
    flags: ['--import', 'spanledger/register'],
    // Nobody listens there: what is measured is our start, not their answer.
    env: {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      SPANLEDGER_EXIT_TIMEOUT: '0',
    },
  },
];

/** @typedef {{ millis: number, megabytes: number }} Start */

try {
  report(summarise(measureAll()), { json: values.json });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function measureAll() {
  /** @type {Map<string, Start[]>} */
  const starts = new Map(variants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, flags, env } of variants) {
      const start = run(flags, env);
      // The first round fills the file cache.
      if (round > 0) starts.get(name)?.push(start);
    }
  }
  return starts;
}

/** @param {readonly string[]} flags @param {Record<string, string | undefined>} env @returns {Start} */
function run(flags, env) {
  const before = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, app], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, SPANLEDGER_DIR: join(scratch, 'ledger'), ...env },
  });
  if (status !== 0) throw new Error(`The program ended with ${status}: ${stderr}`);
  return { millis: performance.now() - before, megabytes: Number(stdout) / 1024 ** 2 };
}

/** @param {Map<string, Start[]>} starts @returns {import('./measurement.js').Result} */
function summarise(starts) {
  const millisOf = (/** @type {string} */ name) => median((starts.get(name) ?? []).map(({ millis }) => millis));
  const more = (/** @type {string} */ name) => millisOf(name) - millisOf(plain);
  const rows = [...starts].map(([name, own]) => [
    name,
    figure(millisOf(name)),
    name === plain ? '' : figure(more(name)),
    name === plain ? '' : figure(more(name) / more(peer)),
    figure(median(own.map(({ megabytes }) => megabytes))),
  ]);
  return {
    name: 'startup',
    title: 'Start',
    about: `A program that does nothing, from spawn to exit, median of ${rounds} starts in turns. The peer is OpenTelemetry's own SDK with nothing to send.`,
    tables: [{ title: 'Wall time and memory', columns: ['started with', 'ms', 'added', `of ${peer}`, 'MB'], rows }],
    goals: [],
  };
}
