import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processEnvironment, startReportVariable } from '../../configuration/environment.ts';
import type { StartReport } from '../../register/start-report.ts';

export interface ProgramRunOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Longest time that it may take to listen or to end. */
  readonly timeoutMillis: number;
  readonly signal: AbortSignal;
  /** Called with what the program says of itself, once it listens and before it is ended. */
  readonly whileListening?: (report: StartReport) => Promise<void>;
}

const lookMillis = 100;
/** A program that listens may still load what it needs later. */
const settleMillis = 1000;
const patienceMillis = 3000;

/**
 * Runs a program with `spanledger/register` until it listens, ends, or its time is over, then ends it with all that it has started.
 * Its output goes to standard error. Resolves with what its Node.js processes say of themselves, the one that listens first.
 */
export async function runProgram({
  command,
  timeoutMillis,
  signal,
  whileListening,
}: ProgramRunOptions): Promise<readonly StartReport[]> {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-doctor-'));
  const [program, ...parameters] = command;
  const child = spawn(program, parameters, {
    env: environmentWith(directory),
    stdio: ['ignore', 2, 2],
    detached: hasGroups,
  });
  try {
    const ended = Promise.race([once(child, 'exit'), once(child, 'error').then(([error]) => Promise.reject(error))]);
    await Promise.race([ended, untilListening(directory, timeoutMillis, signal)]);
    const [first] = reportsIn(directory);
    if (first?.isListening === true) await whileListening?.(first);
    await end(child);
    return reportsIn(directory);
  } finally {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  }
}

const hasGroups = process.platform !== 'win32';

/** By the environment and not by a flag, so that it also reaches what `npm start` or a wrapper starts. */
function environmentWith(directory: string): NodeJS.ProcessEnv {
  const environment = processEnvironment();
  const flag = `--import ${new URL('../../register/register.js', import.meta.url).href}`;
  const options = [environment.NODE_OPTIONS, flag].filter((text) => text !== undefined).join(' ');
  return { ...environment, NODE_OPTIONS: options, [startReportVariable]: directory };
}

async function untilListening(directory: string, timeoutMillis: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + timeoutMillis;
  while (performance.now() < deadline && !signal.aborted) {
    if (reportsIn(directory).some(({ isListening }) => isListening)) {
      await sleep(settleMillis);
      return;
    }
    await sleep(lookMillis);
  }
}

function reportsIn(directory: string): readonly StartReport[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const reports = files.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as StartReport);
  return reports.sort((one, other) => Number(other.isListening) - Number(one.isListening) || other.pid - one.pid);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  if (child.pid === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    kill(child, signal);
    await Promise.race([gone, sleep(patienceMillis, undefined, { ref: false })]);
  }
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (hasGroups && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // Nothing of it is left.
  }
}
