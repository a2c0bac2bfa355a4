// @ts-check
// What a log line costs a program whose loggers are recorded: processor time of the whole process, all its threads and all that it sends
// included, and the time for which the call holds the program up. Lines go to /dev/null, rows to a journal. The peer is the
// instrumentation of OpenTelemetry for the same logger, which sends the lines over OTLP; it is installed into a temporary folder. All ways
// take turns. Needs a build.
//
//   node bench/logs.js [--rounds 5] [--lines 50000] [--json FILE]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figure, report } from './measurement.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    lines: { type: 'string', default: '50000' },
    json: { type: 'string' },
  },
});
const [rounds, lines] = [Number(options.rounds), Number(options.lines)];
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'spanledger-logs-'));
const peerVersion = Number.parseInt(process.versions.node, 10) < 22 ? '0.81.2' : '0.82.0';

const loggers = /** @type {const} */ (['winston', 'pino']);
const ours = ['--import', 'spanledger/register'];
const peerName = 'OpenTelemetry instrumentation, OTLP';
const rowsName = 'spanledger, rows';

/** @param {string} endpoint @returns {readonly { name: string, flags: readonly string[], env: Record<string, string> }[]} */
function waysTo(endpoint) {
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' };
  const quick = { SPANLEDGER_DIR: join(scratch, 'ledger'), SPANLEDGER_LOG_RATE: '0', SPANLEDGER_EXIT_TIMEOUT: '30000' };
  return [
    { name: 'the logger alone', flags: [], env: {} },
    { name: rowsName, flags: ours, env: quick },
    { name: 'spanledger, rows and OTLP', flags: ours, env: { ...quick, ...otlp } },
    {
      name: peerName,
      flags: ['--require', '@opentelemetry/auto-instrumentations-node/register'],
      env: { ...otlp, OTEL_LOGS_EXPORTER: 'otlp', OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'winston,pino' },
    },
  ];
}

/** Writes the lines, with a turn of the event loop for each hundred, and tells at its end what they took. */
const program = `
const { createWriteStream } = require('node:fs');
const [, , which, count] = process.argv;
const loggers = {
  winston: () => {
    const { createLogger, transports } = require('winston');
    return createLogger({ transports: [new transports.Stream({ stream: createWriteStream('/dev/null') })] });
  },
  pino: () => require('pino')(createWriteStream('/dev/null')),
};
const logger = loggers[which]();
const writes = {
  winston: (order) => logger.info('shipped', { order, customer: 'c-' + (order % 100), total: order * 1.5 }),
  pino: (order) => logger.info({ order, customer: 'c-' + (order % 100), total: order * 1.5 }, 'shipped'),
};
const perTurn = 100;
async function lines(number) {
  let busy = 0;
  for (let order = 0; order < number; order += perTurn) {
    const from = performance.now();
    for (let one = order; one < order + perTurn; one += 1) writes[which](one);
    busy += performance.now() - from;
    await new Promise(setImmediate);
  }
  return busy;
}
lines(5000).then(async () => {
  const before = process.cpuUsage();
  const busy = await lines(Number(count));
  process.on('exit', () => {
    const { user, system } = process.cpuUsage(before);
    process.stderr.write('told=' + JSON.stringify({ processor: user + system, call: busy * 1000 }) + '\\n');
  });
});
`;

function install() {
  const packages = [
    `@opentelemetry/auto-instrumentations-node@${peerVersion}`,
    '@opentelemetry/winston-transport',
    '@opentelemetry/api',
    'winston@3',
    'pino@10',
  ];
  mkdirSync(join(scratch, 'app'));
  writeFileSync(join(scratch, 'app', 'package.json'), '{"private":true}\n');
  writeFileSync(join(scratch, 'app', 'lines.cjs'), program);
  const parameters = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  const { status } = spawnSync('npm', [...parameters, ...packages], {
    cwd: join(scratch, 'app'),
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('The peer could not be installed.');
  // As it stands in the work tree, with the modules that it finds there.
  symlinkSync(root, join(scratch, 'app', 'node_modules', 'spanledger'));
}

/**
 * Microseconds per line: of the processor, and of the call.
 * @param {string} logger @param {ReturnType<typeof waysTo>[number]} way
 */
function run(logger, { flags, env }) {
  const { stderr } = spawnSync(process.execPath, [...flags, 'lines.cjs', logger, String(lines)], {
    cwd: join(scratch, 'app'),
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  rmSync(join(scratch, 'ledger'), { recursive: true, force: true });
  const told = /told=(.*)/.exec(stderr)?.[1];
  if (told === undefined) throw new Error(`The program did not tell what it took: ${stderr}`);
  const { processor, call } = JSON.parse(told);
  return { processor: processor / lines, call: call / lines };
}

/** @param {string} logger @param {ReturnType<typeof waysTo>} ways */
function measure(logger, ways) {
  const best = ways.map((way) => ({ way, processor: Number.POSITIVE_INFINITY, call: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of best) {
      const { processor, call } = run(logger, one.way);
      one.processor = Math.min(one.processor, processor);
      one.call = Math.min(one.call, call);
    }
  }
  return best;
}

const sink = spawn(process.execPath, [join(root, 'bench', 'otlp-sink.js')], { stdio: ['ignore', 'pipe', 2, 'ipc'] });
const tables = [];
const goals = [];
try {
  install();
  const [port] = await once(/** @type {import('node:stream').Readable} */ (sink.stdout), 'data');
  const ways = waysTo(`http://127.0.0.1:${String(port).trim()}`);
  for (const logger of loggers) {
    const measured = measure(logger, ways);
    const [alone] = measured;
    const peer = measured.find(({ way }) => way.name === peerName);
    if (alone === undefined || peer === undefined) throw new Error('A way is missing.');
    tables.push({
      title: `${logger}, microseconds a line`,
      columns: ['recorded by', 'processor', 'x alone', 'over alone, x peer', 'call', 'x alone'],
      rows: measured.map(({ way, processor, call }) => [
        way.name,
        figure(processor),
        figure(processor / alone.processor),
        figure((processor - alone.processor) / (peer.processor - alone.processor)),
        figure(call),
        figure(call / alone.call),
      ]),
    });
    const rows = measured.find(({ way }) => way.name === rowsName);
    goals.push({
      what: `${logger}: processor time that a row adds to a line, against what the peer adds`,
      bound: /** @type {const} */ ('at most'),
      limit: 1,
      value: ((rows?.processor ?? Number.NaN) - alone.processor) / (peer.processor - alone.processor),
      unit: ' x',
    });
  }
} finally {
  sink.disconnect();
  rmSync(scratch, { recursive: true, force: true });
}

const about = `Microseconds for a line with three fields, the best of ${rounds} processes, all ways in turns; the peer is auto-instrumentations-node ${peerVersion} with nothing but its instrumentations of the loggers. Processor time is that of all threads, until the last line is sent.`;
const bound =
  'A row is in the journal before the call returns, so each line is a write to a file; the peer keeps lines in memory and drops what its queue does not take.';
report({ name: 'logs', title: 'Log lines', about, bound, tables, goals }, { json: options.json });
