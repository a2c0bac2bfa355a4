// @ts-check
// What `--import spanledger/register` costs at start: wall time and memory of programs in the ways they can be started, taken in turns so
// that a busy machine disturbs all alike. The peer is the register of `@opentelemetry/auto-instrumentations-node`, which is installed
// into a temporary folder for this. Needs a build.
//
//   node bench/startup.js [--rounds 15] [--json file]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figure, report } from './measurement.js';
import { installService, peerFlags, peerName, peerVersion } from './peer-service.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'string' } },
});
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const rounds = Number(options.rounds);
const scratch = mkdtempSync(join(tmpdir(), 'spanledger-startup-'));

// Nobody listens there: what is measured is the start, not the answer.
const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_METRICS_EXPORTER: 'none' };
const quick = { SPANLEDGER_EXIT_TIMEOUT: '0', SPANLEDGER_DIR: join(scratch, 'ledger') };
const ours = ['--import', 'spanledger/register'];

/** @type {readonly { name: string, flags: readonly string[], env: Record<string, string> }[]} */
const ways = [
  { name: 'plain node', flags: [], env: {} },
  {
    name: 'OpenTelemetry NodeSDK, nothing instrumented',
    flags: ['--import', join(root, 'bench', 'node-sdk.js')],
    env: {},
  },
  {
    name: peerName,
    flags: peerFlags,
    env: otlp,
  },
  { name: 'spanledger, journal only', flags: ours, env: quick },
  { name: 'spanledger, OTLP', flags: ours, env: { ...quick, ...otlp } },
  {
    name: 'spanledger, OTLP and database',
    flags: ours,
    env: { ...quick, ...otlp, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
  },
];

/** What a service is made of, in both module systems. */
const programs = {
  'an empty program': { file: 'empty.cjs', text: '' },
  'Express and pg, CommonJS': { file: 'service.cjs', text: "require('express')();\nrequire('pg');\n" },
  'Express and pg, ES module': {
    file: 'service.mjs',
    text: "import express from 'express';\nimport 'pg';\nexpress();\n",
  },
};

/** @param {string} program @param {(typeof ways)[number]} way */
function run(program, { flags, env }) {
  const before = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, program], {
    cwd: dirname(program),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  if (status !== 0) throw new Error(`The program ended with ${status}: ${stderr}`);
  const { millis, processor, megabytes } = JSON.parse(stdout);
  return { whole: performance.now() - before, millis, processor, megabytes };
}

// Until the last line of the program has run: how long a process takes to end afterwards is another question.
const ending = `const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({
  millis: performance.now(), processor: (user + system) / 1000, megabytes: process.memoryUsage.rss() / 1024 ** 2 }));\n`;

const goals = [];
const tables = [];
try {
  const app = join(scratch, 'app');
  installService(app);
  for (const [title, { file, text }] of Object.entries(programs)) {
    const program = join(app, file);
    writeFileSync(program, `${text}${ending}`);
    const measured = ways.map((way) => ({ way, runs: /** @type {ReturnType<typeof run>[]} */ ([]) }));
    for (let round = 0; round <= rounds; round += 1) {
      for (const { way, runs } of measured) {
        const one = run(program, way);
        // The first round fills the file cache.
        if (round > 0) runs.push(one);
      }
    }
    // The best of all rounds: whatever else the machine does can only add.
    const best = (/** @type {string} */ name, /** @type {keyof ReturnType<typeof run>} */ key) =>
      Math.min(...(measured.find(({ way }) => way.name === name)?.runs ?? []).map((one) => one[key]));
    const over = (/** @type {string} */ name, /** @type {'millis' | 'processor'} */ key) =>
      best(name, key) - best('plain node', key);
    tables.push({
      title,
      columns: [
        'started with',
        'ms',
        'over plain',
        'x peer',
        'processor ms',
        'over plain',
        'x peer',
        'ms to the end',
        'MB',
      ],
      rows: ways.map(({ name }) => {
        const cells = /** @type {const} */ (['millis', 'processor']).flatMap((key) => [
          best(name, key),
          over(name, key),
          over(name, key) / over(peerName, key),
        ]);
        return [name, ...[...cells, best(name, 'whole'), best(name, 'megabytes')].map(figure)];
      }),
    });
    for (const name of ['spanledger, OTLP', 'spanledger, OTLP and database']) {
      goals.push({
        what: `${title}, ${name}: start over plain node, against auto-instrumentations-node`,
        bound: /** @type {const} */ ('at most'),
        limit: 0.6,
        value: over(name, 'millis') / over(peerName, 'millis'),
        unit: 'x',
      });
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const about = `Milliseconds from the start of the process to the last line of the program, the best of ${rounds}, all ways in turns; the peer is auto-instrumentations-node ${peerVersion}.`;
const bound = 'Reading and compiling modules: the more files, the longer.';
report({ name: 'startup', title: 'Start', about, bound, tables, goals }, { json: options.json });
