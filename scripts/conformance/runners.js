// Runs a suite and tells what became of each of its tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * @typedef {'passed' | 'failed' | 'skipped'} Status
 * @typedef {ReadonlyMap<string, Status>} Results
 * @typedef {{ library: string, env: NodeJS.ProcessEnv, only?: readonly string[] }} Place `only`: names of tests that matter
 */

/** @type {Readonly<Record<import('./suites.js').Suite['runner'], (suite: import('./suites.js').Suite, place: Place) => Promise<Results>>>} */
export const runners = { mocha: runMocha, node: runNodeTests, scripts: runScripts };

/** All files in one process, or each in one of its own. @param {import('./suites.js').Suite} suite @param {Place} place */
async function runMocha(suite, { library, env, only }) {
  const files = filesOf(suite, library, suite.isIsolated === true ? only : undefined);
  const runs = suite.isIsolated === true ? files.map((file) => [file]) : [files];
  /** @type {(readonly [string, Status])[]} */
  const told = [];
  for (const some of runs) {
    const prefix = suite.isIsolated === true ? `${some[0]}: ` : '';
    const tests = await runMochaOnce(suite, { library, env }, some);
    told.push(...tests.map(([name, status]) => /** @type {const} */ ([prefix + name, status])));
  }
  return byName(told);
}

/** @param {import('./suites.js').Suite} suite @param {Place} place @param {readonly string[]} files */
async function runMochaOnce({ parameters = [] }, { library, env }, files) {
  const output = join(library, 'conformance.json');
  rmSync(output, { force: true });
  const mocha = join(library, '..', 'mocha', 'bin', 'mocha.js');
  const given = parameters.map((text) => text.replace('$conformance/', here));
  const report = ['--reporter', 'json', '--reporter-option', `output=${output}`, '--exit'];
  const ended = await run([mocha, ...given, ...report, ...files], { library, env });
  if (!existsSync(output)) throw new Error(`mocha told nothing: ${ended}`);
  const { passes, failures, pending } = JSON.parse(readFileSync(output, 'utf8'));
  return [...passes.map(entryOf('passed')), ...failures.map(entryOf('failed')), ...pending.map(entryOf('skipped'))];
}

/** @param {Status} status @returns {(test: { file: string, fullTitle: string }) => readonly [string, Status]} */
function entryOf(status) {
  return ({ fullTitle }) => [fullTitle, status];
}

/** @param {import('./suites.js').Suite} suite @param {Place} place */
async function runNodeTests(suite, { library, env, only }) {
  const files = filesOf(suite, library, only);
  const output = join(library, 'conformance.jsonl');
  rmSync(output, { force: true });
  const reporter = join(here, 'reporter.js');
  const report = [`--test-reporter=${reporter}`, `--test-reporter-destination=${output}`, '--test-concurrency=2'];
  const ended = await run(['--test', ...report, ...files], { library, env });
  if (!existsSync(output)) throw new Error(`node --test told nothing: ${ended}`);
  const told = readFileSync(output, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return byName(told.map(({ name, status }) => [name, status]));
}

/** Each file is a program that ends with 0. @param {import('./suites.js').Suite} suite @param {Place} place */
async function runScripts(suite, { library, env, only }) {
  /** @type {[string, Status][]} */
  const told = [];
  for (const file of filesOf(suite, library, only)) {
    const output = await run([file], { library, env });
    const names = [...output.matchAll(/^ {2}(\S.*) \u2714$/gm)].map(([, name]) => `${file}: ${name}`);
    told.push(...names.map((name) => /** @type {[string, Status]} */ ([name, 'passed'])));
    told.push([file, output.endsWith('\n(0)') ? 'passed' : 'failed']);
  }
  return byName(told);
}

/**
 * Where each file is a process of its own, the names of its tests begin with it.
 * @param {import('./suites.js').Suite} suite @param {string} library @param {readonly string[]} [only]
 */
function filesOf({ files }, library, only) {
  const all = readdirSync(library, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));
  const found = all.filter((path) => files.test(path));
  if (found.length === 0) throw new Error(`There are no tests in ${library}.`);
  const mattering = new Set(only?.map((name) => name.split(':')[0]));
  return found.filter((path) => only === undefined || mattering.has(path)).toSorted();
}

/** What the program has said, with its exit code in the last line. @param {readonly string[]} argv @param {Place} place */
async function run(argv, { library, env }) {
  const child = spawn(process.execPath, argv, { cwd: library, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-1_000_000);
    });
  }
  const limit = setTimeout(() => child.kill('SIGKILL'), 30 * 60_000);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  return `${output}\n(${code})`;
}

/** Tests of the same name are told apart by their order. @param {readonly (readonly [string, Status])[]} told @returns {Results} */
function byName(told) {
  const seen = new Map();
  /** @type {Map<string, Status>} */
  const results = new Map();
  for (const [name, status] of told) {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    results.set(count === 1 ? name : `${name} (${count})`, status);
  }
  return results;
}
