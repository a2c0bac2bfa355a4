import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const loader = fileURLToPath(new URL('../harness/typescript.js', import.meta.url));

/** Starts a TypeScript file of `fixtures/` as a process of its own; it is ended with the test at the latest. */
export function startProcess(
  fixture: string,
  args: readonly string[],
  wrapper: readonly string[] = [],
): ChildProcessWithoutNullStreams {
  const file = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url));
  const [command = '', ...rest] = [...wrapper, process.execPath, '--import', loader, file, ...args];
  const child = spawn(command, rest, { stdio: 'pipe' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** The exit of a process: its code and the signal that ended it. */
export function exitOf(
  child: ChildProcessWithoutNullStreams,
): Promise<readonly [number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
}
