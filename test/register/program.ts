import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { scanRecords } from './journalled-records.ts';

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard error but for the word that the database was late, as it is on a machine that is busy. */
  readonly complaints: string;
  readonly seconds: number;
}

/** A directory for programs to work in, and the programs themselves. */
export interface Workshop {
  readonly directory: string;
  /** Starts a fixture with `--import spanledger/register` (or the flags given) and the built package. */
  start(program: ProgramOptions): Program;
  run(program: ProgramOptions): Promise<Ended>;
  /** All records in the journals of the directory. */
  records(): Promise<readonly LedgerRecord[]>;
  /** Ends what still runs, waits for its end, and removes the directory. */
  remove(): Promise<void>;
}

export interface ProgramOptions {
  readonly script: string;
  readonly parameters?: readonly string[];
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the program has written this to standard output. */
  said(text: string): Promise<void>;
}

const fixtures = join(import.meta.dirname, 'fixtures');
const lateDatabase = /^spanledger warning: The database did not tell the past .* No answer within \d+ ms\.\n/gm;
const ownVariables = /^(SPANLEDGER_|OTEL_|DATABASE_URL$|NODE_OPTIONS$|VITEST)/;

export function createWorkshop(): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-register-'));
  const running = new Set<ChildProcess>();
  const start = (options: ProgramOptions): Program => {
    const program = launch(directory, options);
    running.add(program.child);
    program.child.once('exit', () => running.delete(program.child));
    return program;
  };
  return {
    directory,
    start,
    run: (options) => start(options).ended,
    records: () => scanRecords(join(directory, 'ledger')),
    remove: async () => {
      // Until it has ended, a program may write what was removed.
      await Promise.all([...running].map(killed));
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function launch(directory: string, options: ProgramOptions): Program {
  const { script, parameters = [], flags = ['--import', 'spanledger/register'], env = {} } = options;
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownVariables.test(name)));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...flags, join(fixtures, script), ...parameters], {
    cwd: fixtures,
    env: { ...inherited, SPANLEDGER_DIR: join(directory, 'ledger'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Whoever has ended reads nothing more: how it ended is told by `ended`.
  child.stdin.on('error', () => undefined);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...output,
    complaints: output.stderr.replaceAll(lateDatabase, ''),
    seconds: (performance.now() - startedAt) / 1000,
  }));
  const said = async (text: string) => {
    while (!output.stdout.includes(text)) {
      const before = await Promise.race([once(child.stdout, 'data'), ended]);
      if ('code' in before && !output.stdout.includes(text)) throw new Error(`It never said ${text}: ${output.stderr}`);
    }
  };
  return { child, ended, said };
}
