// Programs that run to their end, among them those under `spanledger/register`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const register = ['--import', join(root, 'dist', 'register', 'register.js')];

/** Runs a program with nothing of our environment but the path, and throws with what it says when it ends with another code. */
export function run(command, parameters, { cwd, env = {}, code = 0 }) {
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

/** Runs a program of Node.js under `spanledger/register`; it must not complain. */
export function runRecorded(parameters, options) {
  const ended = run(process.execPath, [...register, ...parameters], options);
  if (ended.stderr !== '') throw new Error(`The program complains: ${ended.stderr}`);
  return ended;
}

/** Rows of the audit log that a directory holds. */
export function auditRows(directory, filter) {
  const main = join(root, 'dist', 'cli', 'main.js');
  const parameters = [main, 'logs', '--all', '--last', '1000', '--json', ...filter];
  const { stdout } = run(process.execPath, parameters, { cwd: directory, env: { SPANLEDGER_DIR: directory } });
  return linesOf(stdout).map((line) => JSON.parse(line));
}

export function linesOf(text) {
  return text.split('\n').filter((line) => line !== '');
}
