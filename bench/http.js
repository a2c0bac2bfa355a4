// @ts-check
// Requests per second of the same service, as it is and watched: two services, each in several ways, all of them running at once and asked in
// turns, so that a busy machine disturbs all alike. The peer is the register of `@opentelemetry/auto-instrumentations-node` with OTLP, which is
// installed into a temporary folder for this. Needs a build.
//
//   node bench/http.js [--rounds 12] [--millis 1000] [--server url] [--json file]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figure, median, report } from './measurement.js';
import { installService, peerFlags, peerName, peerVersion } from './peer-service.js';
import { startServer } from './server.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    millis: { type: 'string', default: '1000' },
    server: { type: 'string' },
    json: { type: 'string' },
  },
});
const bench = dirname(fileURLToPath(import.meta.url));
const rounds = Number(options.rounds);
const millis = Number(options.millis);
const scratch = mkdtempSync(join(tmpdir(), 'spanledger-http-'));
const server = await startServer(options.server);

const bareName = 'as it is';
const offName = 'spanledger, OTLP and rows';
const onName = 'spanledger, OTLP and rows with bodies';

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();
try {
  const app = join(scratch, 'app');
  installService(app);
  copyFileSync(join(bench, 'http-app.cjs'), join(app, 'http-app.cjs'));
  const ledger = await server.database('bench_http');
  const sink = await start(join(bench, 'otlp-sink.js'), [], [], {});
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.port}`, OTEL_METRICS_EXPORTER: 'none' };
  const ours = ['--import', 'spanledger/register'];
  /** @param {string} bodies */
  const env = (bodies) => ({ ...otlp, DATABASE_URL: ledger, SPANLEDGER_REQUEST_BODIES: bodies });
  const ways = [
    { name: bareName, flags: [], env: {} },
    { name: peerName, flags: peerFlags, env: otlp },
    { name: offName, flags: ours, env: env('off') },
    { name: onName, flags: ours, env: env('on') },
  ];
  const load = fork(join(bench, 'http-load.js'));
  children.add(load);
  const tables = [];
  const goals = [];
  for (const [kind, title] of [
    ['http', '`node:http`, an answer in JSON'],
    ['express', 'Express 5 with a query to Postgres'],
  ]) {
    const program = join(app, 'http-app.cjs');
    const services = [];
    for (const [index, way] of ways.entries()) {
      const place = { SPANLEDGER_DIR: join(scratch, `${kind}-${index}`) };
      const parameters = [kind ?? '', server.url, program];
      const service = await start(program, way.flags, parameters, { ...way.env, ...place });
      services.push({
        ...service,
        name: way.name,
        rates: /** @type {number[]} */ ([]),
        costs: /** @type {number[]} */ ([]),
        totals: /** @type {number[]} */ ([]),
      });
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const { child, port, rates, costs, totals } of services) {
        const before = mainThreadMicros(child.pid);
        const allBefore = threadMicros(child.pid) + server.cpuSeconds() * 1e6;
        // The first round warms up: code that is not compiled yet costs several times as much.
        load.send({ port, millis: round === 0 ? millis * 10 : millis });
        const [count] = await once(load, 'message');
        const main = mainThreadMicros(child.pid) - before;
        // What is on its way to the database belongs to this turn and not to the next service.
        await quiet(child.pid);
        if (round === 0) continue;
        rates.push((count / millis) * 1000);
        costs.push(main / count);
        totals.push((threadMicros(child.pid) + server.cpuSeconds() * 1e6 - allBefore) / count);
      }
    }
    for (const { child } of services) await stop(child);
    /**
     * Of the same turns, so that what disturbs one disturbs the other.
     * @param {string} name @param {string} other @param {'rates' | 'costs' | 'totals'} [key]
     */
    const ratio = (name, other, key = 'rates') => {
      const of = (/** @type {string} */ wanted) => services.find((service) => service.name === wanted)?.[key] ?? [];
      return median(of(name).map((rate, index) => rate / (of(other)[index] ?? Number.NaN)));
    };
    tables.push({
      title: title ?? '',
      columns: [
        'service',
        'requests per second',
        'x as it is',
        'x peer',
        'µs of the main thread',
        'x as it is',
        'x peer',
        'µs of all threads and Postgres',
        'x peer',
      ],
      rows: services.map(({ name, rates, costs, totals }) => [
        name,
        ...[median(rates), ratio(name, bareName), ratio(name, peerName)].map(figure),
        ...[median(costs), ratio(name, bareName, 'costs'), ratio(name, peerName, 'costs')].map(figure),
        ...[median(totals), ratio(name, peerName, 'totals')].map(figure),
      ]),
    });
    for (const [name, limit] of /** @type {const} */ ([
      [offName, 1],
      [onName, 0.9],
    ])) {
      goals.push({
        what: `${title}, ${name}: requests per second against auto-instrumentations-node`,
        bound: /** @type {const} */ ('at least'),
        limit,
        value: ratio(name, peerName),
        unit: 'x',
      });
    }
  }
  const about = `Medians of ${rounds} turns of ${millis} ms with 16 connections; the load generator, the collector and Postgres run beside the service, on the same machine. After each turn a service ships what it has recorded before the next one is asked; the last columns are the processor time of that too. The peer is auto-instrumentations-node ${peerVersion}.`;
  const bound =
    'The event loop of the service. Of what a request of `node:http` costs its thread more than the service alone, about a third is the kernel, which has to wake a client that waits; a third is ours: span and context, row, copy for OTLP, redacted and encoded as it ends; the rest is the SDK, and what Node.js 20 does to carry contexts from one callback to the next. The peer pays all but the second third of it too, and makes no rows. Bodies are copied, parsed and redacted besides, and make the row longer. Where all processors are busy, the thread that ships and Postgres take theirs from the service. From run to run the ratios of `node:http` move by a tenth and more, those with bodies from 0.89 to 1.07 within an hour.';
  report(
    { name: 'http', title: 'Requests', about, bound, tables, goals },
    { json: options.json, postgres: server.version },
  );
} finally {
  for (const child of children) await stop(child);
  await server.drop('bench_http').catch(() => {});
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}

/** Processor time of the main thread so far; NaN where /proc does not tell. @param {number | undefined} pid */
function mainThreadMicros(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1000;
  } catch {
    return Number.NaN;
  }
}

/** Processor time of all threads that are there; NaN where /proc does not tell. @param {number | undefined} pid */
function threadMicros(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
    );
    return threads.reduce((sum, nanos) => sum + nanos, 0) / 1000;
  } catch {
    return Number.NaN;
  }
}

/** Waits until a process has next to nothing to do, or for five seconds. @param {number | undefined} pid */
async function quiet(pid) {
  const lookMillis = 100;
  let before = threadMicros(pid);
  for (let look = 0; look < 50; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, lookMillis));
    const now = threadMicros(pid);
    if (!(now - before > (lookMillis * 1000) / 20)) return;
    before = now;
  }
}

/**
 * @param {string} script
 * @param {readonly string[]} flags
 * @param {readonly string[]} parameters
 * @param {Record<string, string>} env
 */
async function start(script, flags, parameters, env) {
  const child = fork(script, parameters, {
    cwd: dirname(script),
    execArgv: [...flags],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.add(child);
  const out = child.stdout;
  if (out === null) throw new Error('It has no output.');
  const [line] = await once(out, 'data');
  return { child, port: Number(String(line)) };
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}
