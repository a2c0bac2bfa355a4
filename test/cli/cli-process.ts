import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { baselineWasm } from '../harness/baseline-wasm.ts';

/** What a run of the real command line wrote and how it ended. */
export interface CliResult {
  readonly output: string;
  readonly errors: string;
  readonly code: number | null;
}

/** The settings of a run. None of the caller's own reach it. */
export interface CliPlace {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** User to run as, in a process of its own. */
  readonly uid?: number;
}

const built = new URL('../../dist/cli/', import.meta.url);
const main = fileURLToPath(new URL('main.js', built));

/** Starts `spanledger` as a child process. */
export function startCli(argv: readonly string[], place: CliPlace = {}): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [baselineWasm, main, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...place.environment },
    ...(place.cwd !== undefined && { cwd: place.cwd }),
    ...(place.uid !== undefined && { uid: place.uid }),
  });
}

/** Runs `spanledger` in a process of its own, to its end: for what ends, users, several at once and what is loaded. */
export async function runCliProcess(argv: readonly string[], place: CliPlace = {}): Promise<CliResult> {
  const child = startCli(argv, place);
  const closed = once(child, 'close');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { output, errors, code };
}

/** Calls take turns: each has the environment of the process to itself. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs the built `spanledger` to its end inside this process, with the environment and the working directory that a process
 * of its own would have: the same program without the third of a second that Node takes to start and load it.
 */
export async function runCli(argv: readonly string[], place: CliPlace = {}): Promise<CliResult> {
  if (place.uid !== undefined) return runCliProcess(argv, place);
  const result = turn.then(() => callInside(argv, place));
  turn = result.catch(() => undefined);
  return result;
}

async function callInside(argv: readonly string[], place: CliPlace): Promise<CliResult> {
  const { runCommandLine }: typeof import('../../src/cli/command-line.ts') = await import(
    new URL('command-line.js', built).href
  );
  const [output, errors] = [recordingStream(), recordingStream()];
  const [environment, directory] = [process.env, process.cwd()];
  process.env = { PATH: environment.PATH, ...place.environment };
  if (place.cwd !== undefined) process.chdir(place.cwd);
  try {
    const code = await runCommandLine(argv, output, errors);
    return { output: output.text(), errors: errors.text(), code };
  } finally {
    process.env = environment;
    process.chdir(directory);
  }
}

function recordingStream() {
  let written = '';
  const write = (text: string) => {
    written += text;
    return true;
  };
  return Object.assign(new EventEmitter(), { text: () => written, write });
}

/** Runs `spanledger ... --json` and parses its lines. */
export async function runJson<T = Record<string, unknown>>(
  argv: readonly string[],
  place: CliPlace = {},
): Promise<T[]> {
  const { output, errors, code } = await runCli([...argv, '--json'], place);
  if (code !== 0) throw new Error(`spanledger ${argv.join(' ')} exited with ${code}: ${errors}`);
  return output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]));
}
