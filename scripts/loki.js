// Proves that docs/log-backends.md is right about Loki: starts a real one with the limits that stand there, sends it what an example says over
// OTLP and what `getLogger` writes by way of the pipeline that stands there, and asks for it by session, trace, correlation and job.
//
//   node scripts/loki.js        SPANLEDGER_LOKI=/path/to/loki takes one that is there
//
// Without one it takes the release from GitHub, or builds it with Go (1.26 and later, half an hour of two processors) from the module
// proxy; it is kept in node_modules/.cache. Needs a build of this project. Any failure ends with a code other than 0.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const version = '3.7.6';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, 'node_modules', '.cache', 'spanledger-loki');
const scratch = mkdtempSync(join(tmpdir(), 'spanledger-loki-'));
const patienceMillis = 60_000;
const page = readFileSync(join(root, 'docs', 'log-backends.md'), 'utf8');

/** Writes two lines in one context. */
const program = `
import { getLogger, withCorrelationId, withLogContext } from 'spanledger';
withCorrelationId('order-7', () => withLogContext({ job_id: 'job-9' }, () => {
  getLogger('orders').info('it began');
  getLogger('orders').error('it failed', new Error('no'));
}));`;

let loki;
try {
  const [http, grpc] = [await freePort(), await freePort()];
  const log = openSync(join(scratch, 'loki.log'), 'w');
  loki = spawn(await lokiBinary(), [`-config.file=${configuration(http, grpc)}`], { stdio: ['ignore', log, log] });
  const url = `http://127.0.0.1:${http}`;
  await untilReady(url);
  await proveOtlp(url);
  await provePipeline(url);
  console.log(`Loki ${version}: what docs/log-backends.md says is so.`);
} catch (error) {
  if (loki !== undefined) console.error(readFileSync(join(scratch, 'loki.log'), 'utf8'));
  throw error;
} finally {
  if (loki !== undefined && loki.exitCode === null) {
    loki.kill('SIGTERM');
    await once(loki, 'exit');
  }
  rmSync(scratch, { recursive: true, force: true });
}

/** What a run of the example says over OTLP is found by session and by trace, and ids are no labels. */
async function proveOtlp(url) {
  const directory = join(scratch, 'ledger');
  const example = run(process.execPath, ['--import', join(root, 'dist', 'register', 'register.js'), 'main.cjs'], {
    cwd: join(root, 'examples', 'legacy-batch'),
    env: {
      SPANLEDGER_DIR: directory,
      SPANLEDGER_EXIT_TIMEOUT: '30000',
      OTEL_SERVICE_NAME: 'legacy-batch',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=production',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${url}/otlp/v1/logs`,
    },
    code: 3,
  });
  if (example.stderr !== '') throw new Error(`The example complains: ${example.stderr}`);
  const session = 'night-2026-03-01';
  const base = '{service_name="legacy-batch", deployment_environment_name="production"}';
  const bySession = await ask(url, `${base} | spanledger_session_id="${session}"`);
  const [{ metadata } = {}] = bySession;
  const byTrace = await ask(url, `${base} | trace_id="${metadata?.trace_id}"`);
  const ledger = rows(directory, ['--session-id', session]);
  // The start of a step is a log event over OTLP, and a row of task_progress in the ledger.
  const told = bySession.filter(({ line }) => !/^step .* begins$/.test(line));
  const missing = told.filter(({ line }) => !ledger.some(({ message }) => message === line));
  check('lines by session id', bySession.length, (count) => count > 5);
  check('lines by trace id, at least those of the session', byTrace.length, (count) => count >= bySession.length);
  check('lines that the ledger does not have', missing.map(({ line }) => line).join('; '), (text) => text === '');
  check(
    'labels',
    (await get(url, '/loki/api/v1/labels')).data.filter((name) => !name.startsWith('__')).join(),
    (names) => names.split(',').every((name) => ['service_name', 'deployment_environment_name'].includes(name)),
  );
}

/** Lines of getLogger, made ready as the documented pipeline has it, are found by the queries that are documented. */
async function provePipeline(url) {
  const written = run(
    process.execPath,
    ['--import', join(root, 'dist', 'register', 'register.js'), '--input-type=module', '--eval', program],
    { cwd: root, env: { SPANLEDGER_DIR: join(scratch, 'ledger'), OTEL_SERVICE_NAME: 'importer' }, code: 0 },
  );
  const lines = written.stdout.trim().split('\n');
  const [job] = parse(block('# loki-pipeline')).scrape_configs;
  const stages = Object.assign({}, ...job.pipeline_stages);
  const { __path__: _, ...labels } = job.static_configs[0].labels;
  const streams = lines.map((line) => {
    const record = JSON.parse(line);
    const read = Object.fromEntries(
      Object.entries(stages.json.expressions).map(([name, path]) => [name, at(record, path)]),
    );
    const chosen = (names) =>
      Object.fromEntries(Object.keys(names).flatMap((name) => (read[name] === undefined ? [] : [[name, read[name]]])));
    const nanos = `${Date.parse(read[stages.timestamp.source])}000000`;
    return {
      stream: { ...labels, ...chosen(stages.labels) },
      values: [[nanos, line, chosen(stages.structured_metadata)]],
    };
  });
  const pushed = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams }),
  });
  if (!pushed.ok) throw new Error(`Loki refused the lines: ${await pushed.text()}`);
  const [byCorrelation = '', byJob = ''] = block('{service="importer"', 'logql').trim().split('\n');
  const correlation = JSON.parse(lines[0] ?? '{}').correlation_id;
  const found = await ask(url, byCorrelation.replace(/correlation_id="[^"]*"/, `correlation_id="${correlation}"`));
  check('lines by correlation id', found.length, (count) => count === lines.length);
  const errors = await ask(url, byJob);
  check(
    'errors of a job, as the query shows them',
    errors.map(({ line }) => line).join(),
    (text) => text === 'it failed',
  );
}

function at(record, path) {
  return path.split('.').reduce((value, name) => value?.[name], record);
}

/** A block of the page: its first line, or a part of it. */
function block(mark, language = 'yaml') {
  const found = [...page.matchAll(/^```(\w+)\n(.*?)^```/gms)].find(
    ([, kind, text]) => kind === language && text.includes(mark),
  );
  if (found === undefined) throw new Error(`There is no ${language} block with ${mark}.`);
  return found[2];
}

function check(what, value, isRight) {
  if (!isRight(value)) throw new Error(`${what}: ${value}`);
  console.log(`${what}: ${value === '' ? 'none' : value}`);
}

/** Lines that a query finds, once it finds any. */
async function ask(url, query) {
  const parameters = new URLSearchParams({ query, limit: '1000', since: '1h' });
  for (const deadline = Date.now() + patienceMillis; ; await sleep(500)) {
    const { data } = await get(url, `/loki/api/v1/query_range?${parameters}`);
    const lines = data.result.flatMap(({ stream, values }) => values.map(([, line]) => ({ line, metadata: stream })));
    if (lines.length > 0 || Date.now() > deadline) return lines;
  }
}

async function get(url, path) {
  const response = await fetch(`${url}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function untilReady(url) {
  for (const deadline = Date.now() + 2 * patienceMillis; ; await sleep(500)) {
    const isReady = await fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (Date.now() > deadline || loki.exitCode !== null) throw new Error('Loki did not get ready.');
  }
}

/** One process, everything in memory and a directory; and the limits of the page. */
function configuration(http, grpc) {
  const path = join(scratch, 'loki.yaml');
  const base = {
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: http,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpc,
      log_level: 'error',
    },
    common: {
      instance_addr: '127.0.0.1',
      path_prefix: join(scratch, 'loki'),
      replication_factor: 1,
      ring: { kvstore: { store: 'inmemory' } },
      storage: { filesystem: { chunks_directory: join(scratch, 'chunks'), rules_directory: join(scratch, 'rules') } },
    },
    ingester: { lifecycler: { min_ready_duration: '0s' } },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
  };
  writeFileSync(path, stringify({ ...base, ...parse(block('# loki-limits')) }));
  return path;
}

function rows(directory, filter) {
  const { stdout } = run(
    process.execPath,
    [join(root, 'dist', 'cli', 'main.js'), 'logs', '--all', '--last', '1000', '--json', ...filter],
    {
      cwd: scratch,
      env: { SPANLEDGER_DIR: directory },
      code: 0,
    },
  );
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function run(command, parameters, { cwd, env, code }) {
  const inherited = { PATH: process.env.PATH, HOME: process.env.HOME };
  const ended = spawnSync(command, parameters, {
    cwd,
    env: { ...inherited, ...env },
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (ended.status !== code) throw new Error(`${command} ${parameters[0]} ended with ${ended.status}: ${ended.stderr}`);
  return ended;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function lokiBinary() {
  const kept = process.env.SPANLEDGER_LOKI ?? join(cache, `loki-${version}`);
  if (existsSync(kept)) return kept;
  mkdirSync(cache, { recursive: true });
  const made = join(scratch, 'binary');
  mkdirSync(made);
  if (!(await fromRelease(made))) fromModules(made);
  chmodSync(join(made, 'loki'), 0o755);
  cpSync(join(made, 'loki'), `${kept}.new`);
  renameSync(`${kept}.new`, kept);
  return kept;
}

/** False where GitHub cannot be reached. */
async function fromRelease(into) {
  const system = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const url = `https://github.com/grafana/loki/releases/download/v${version}/loki-${system}.zip`;
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok !== true) return false;
  writeFileSync(join(into, 'loki.zip'), Buffer.from(await response.arrayBuffer()));
  run('unzip', ['-q', 'loki.zip'], { cwd: into, env: {}, code: 0 });
  renameSync(join(into, `loki-${system}`), join(into, 'loki'));
  return true;
}

/** `go install` refuses it for the replacements in its `go.mod`; one of them names a directory that the module does not hold. */
function fromModules(into) {
  console.log('GitHub cannot be reached: Loki is built from the module proxy, which takes half an hour.');
  const go = (parameters, cwd = into) =>
    run('go', parameters, { cwd, env: { GOFLAGS: '-mod=mod', CGO_ENABLED: '0' }, code: 0 }).stdout;
  const { Dir: source } = JSON.parse(go(['mod', 'download', '-json', `github.com/grafana/loki/v3@v${version}`]));
  const copy = join(into, 'source');
  cpSync(source, copy, { recursive: true });
  run('chmod', ['-R', 'u+w', copy], { cwd: into, env: {}, code: 0 });
  go(['mod', 'edit', '-dropreplace', 'github.com/grafana/loki/pkg/push'], copy);
  go(['build', '-tags', 'netgo', '-ldflags', '-s -w', '-o', join(into, 'loki'), './cmd/loki'], copy);
}
