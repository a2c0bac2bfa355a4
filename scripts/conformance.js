// Runs the published tests of libraries as they are and with `--import spanledger/register`, and tells which of them end otherwise.
// Ends with another code than 0 if any does.
//
//   npm run conformance -- [express koa ...] [--files 'logger|http2'] [--git https://github.com/{owner}/{name}.git]
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import '../test/harness/typescript.js';
import { compare, countOf } from './conformance/comparison.js';
import { runners } from './conformance/runners.js';
import { stage } from './conformance/stage.js';
import { suites } from './conformance/suites.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    git: { type: 'string', default: 'https://github.com/{owner}/{name}.git' },
    /** Part of the path of a test file, as a pattern. */
    files: { type: 'string', default: '' },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(suites);
const unknown = names.filter((name) => !(name in suites));
if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(', ')}: ${Object.keys(suites).join(', ')}.`);
const register = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'register', 'register.js')).href;

for (const name of names) {
  try {
    const { summary, worse } = await examine(name);
    console.log(summary);
    for (const test of worse) console.log(`  ${test}`);
    if (worse.length > 0) process.exitCode = 1;
  } catch (error) {
    console.log(`${name}: did not run. ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

/** Runs a suite in both ways. @param {string} name */
async function examine(name) {
  const whole = suites[name];
  if (whole === undefined) throw new Error(`There is no suite ${name}.`);
  const suite = { ...whole, files: new RegExp(`(?=${whole.files.source}).*(?:${values.files})`) };
  const scratch = mkdtempSync(join(tmpdir(), `spanledger-conformance-${name}-`));
  const server = suite.needsPostgres === true ? await startPostgres() : undefined;
  try {
    const library = stage(suite, scratch, values.git);
    const ledger = join(scratch, 'ledger');
    mkdirSync(ledger);
    const env = { ...plainEnvironment(), ...server?.env };
    const recorded = { ...env, ...recordedEnvironment(ledger) };
    const run = (/** @type {NodeJS.ProcessEnv} */ way, /** @type {readonly string[] | undefined} */ only) =>
      runners[suite.runner](suite, { library, env: way, only });
    const plain = await run(env);
    console.error(`${name}: ${countOf(plain)}`);
    const first = await run(recorded);
    console.error(`${name} with the flag: ${countOf(first)}`);
    if (readdirSync(join(ledger, 'journal')).length === 0) throw new Error(`${name} ran without spanledger.`);
    const { worse, better } = await compare(plain, first, async (only) => {
      for (const test of only) console.error(`  once more: ${test}`);
      return [await run(env, only), await run(recorded, only)];
    });
    const title = `${suite.package} ${suite.version}`;
    const summary = `${title}: ${countOf(plain)}; with the flag: ${countOf(first)}; ${worse.length} worse, ${better.length} better`;
    return { summary, worse };
  } finally {
    await server?.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function plainEnvironment() {
  const own = /^(SPANLEDGER_|OTEL_|DATABASE_URL$|NODE_OPTIONS$|npm_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([variable]) => !own.test(variable)));
}

/**
 * With everything on that looks at what passes, and without the header that is added to each answer: its value is another each time.
 * @param {string} ledger
 */
function recordedEnvironment(ledger) {
  return {
    NODE_OPTIONS: `--import ${register}`,
    SPANLEDGER_DIR: ledger,
    SPANLEDGER_REQUESTS: 'all',
    SPANLEDGER_REQUEST_BODIES: 'on',
    SPANLEDGER_CORRELATION_HEADER: 'none',
  };
}

async function startPostgres() {
  const { startPostgres: start } = await import('../test/harness/postgres-server.ts');
  const server = await start({});
  const { hostname, port, username, password, pathname } = new URL(server.url);
  const env = {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
    PGTESTNOSSL: '1',
    SCRAM_TEST_PGUSER: username,
    SCRAM_TEST_PGPASSWORD: decodeURIComponent(password),
  };
  return { env, stop: () => server.stop() };
}
