// What `--import spanledger/register` costs at start: wall time and memory of a program that does nothing, in the ways it can be
// started, taken in turns so that a busy machine disturbs all alike. Needs a build.
//
//   node bench/startup.js [rounds]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const rounds = Number(process.argv[2] ?? 15);
const scratch = mkdtempSync(join(tmpdir(), 'spanledger-startup-'));
const peer = 'OpenTelemetry NodeSDK';

const sdkOnly = join(root, 'bench', 'node-sdk.js');
const app = join(scratch, 'app.js');
writeFileSync(app, 'process.stdout.write(String(process.memoryUsage.rss()));\n');

const variants = [
  { name: 'plain node', flags: [], env: {} },
  { name: peer, flags: ['--import', sdkOnly], env: {} },
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

const measured = new Map(variants.map(({ name }) => [name, { millis: [], megabytes: [] }]));
for (let round = 0; round <= rounds; round += 1) {
  for (const { name, flags, env } of variants) {
    const { millis, megabytes } = run(flags, env);
    // The first round fills the file cache.
    if (round === 0) continue;
    measured.get(name).millis.push(millis);
    measured.get(name).megabytes.push(megabytes);
  }
}
rmSync(scratch, { recursive: true, force: true });
print();

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

function print() {
  const plain = median(measured.get('plain node').millis);
  const reference = median(measured.get(peer).millis) - plain;
  console.log(`Start of a program that does nothing, median of ${rounds} (Node.js ${process.version}):\n`);
  console.log(`| started with | ms | ms more than plain | x ${peer} | MB |`);
  console.log('|---|---|---|---|---|');
  for (const [name, { millis, megabytes }] of measured) {
    const more = median(millis) - plain;
    const ratio = name === 'plain node' ? '' : (more / reference).toFixed(2);
    console.log(
      `| ${name} | ${median(millis).toFixed(0)} | ${more.toFixed(0)} | ${ratio} | ${median(megabytes).toFixed(0)} |`,
    );
  }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
