import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

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
  /** User to run as. */
  readonly uid?: number;
}

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Starts `spanledger` as a child process. */
export function startCli(argv: readonly string[], place: CliPlace = {}): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [main, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...place.environment },
    ...(place.cwd !== undefined && { cwd: place.cwd }),
    ...(place.uid !== undefined && { uid: place.uid }),
  });
}

/** Runs `spanledger` to its end. */
export async function runCli(argv: readonly string[], place: CliPlace = {}): Promise<CliResult> {
  const child = startCli(argv, place);
  const closed = once(child, 'close');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { output, errors, code };
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
