import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { cleanEnvironment, root } from './importer-process.ts';

const example = join(root, 'examples/inventory-sync');

/** The shop of the example, as a process of its own for all daemons of a test file. */
export interface Shop {
  readonly url: string;
  close(): void;
}

export async function startShop(): Promise<Shop> {
  const limits = ['--pages', '60', '--calls', '100000', '--per', '1'];
  const child = fork(join(example, 'shop-server.js'), limits, { env: cleanEnvironment(), execArgv: [] });
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('The shop ended at its start.')));
  failed.catch(() => undefined);
  const [{ url }] = (await Promise.race([once(child, 'message'), failed])) as [{ url: string }];
  return { url, close: () => void (child.connected && child.disconnect()) };
}

/** A daemon at work. */
export interface Daemon {
  readonly child: ChildProcess;
  readonly name: string;
  readonly ledger: string;
  readonly state: string;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }>;
  /** What it has printed so far. */
  printed(): string;
  /** Resolves when this was printed; rejects if the daemon ends before. */
  said(text: string): Promise<void>;
}

export interface DaemonOptions {
  /** Service, platform and directory: daemons do not touch each other's pages. */
  readonly name: string;
  readonly api: string;
  readonly databaseUrl: string;
  readonly flags: readonly string[];
  /** Where an earlier daemon of the name was at work. */
  readonly directory?: string;
  /** The test that it is for: it is gone when that has ended. */
  readonly test: Pick<TestContext, 'onTestFinished'>;
  /** Its standard output is a pipe of the shell whose reader never reads. */
  readonly isUnread?: boolean;
}

/** Starts the daemon of the example as its users do, with the built package. */
export function startDaemon(options: DaemonOptions): Daemon {
  const { name, api, databaseUrl, flags, test } = options;
  const directory = options.directory ?? temporaryDirectory(test);
  const [ledger, state] = [join(directory, 'ledger'), join(directory, 'state')];
  mkdirSync(state, { recursive: true });
  const program = ['--import', 'spanledger/register', join(example, 'main.js')];
  const own = ['--api', api, '--state', state, '--platforms', name, '--calls', '100000', '--per', '1', ...flags];
  const [command, ...words] = [...(options.isUnread === true ? unread : []), process.execPath, ...program, ...own];
  const child = spawn(command ?? '', words, {
    cwd: root,
    env: {
      ...cleanEnvironment(),
      DATABASE_URL: databaseUrl,
      SPANLEDGER_DIR: ledger,
      OTEL_SERVICE_NAME: name,
      // A machine that is busy is no reason to lose what the tests look for.
      SPANLEDGER_EXIT_TIMEOUT: '30000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that the reader that never reads ends with it.
    detached: true,
  });
  const written = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.errors += text;
  });
  test.onTestFinished(async () => {
    killGroup(child);
    await ended;
  });
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    ...written,
  }));
  const said = async (text: string) => {
    while (!written.output.includes(text)) {
      const more = await Promise.race([once(child.stdout, 'data'), ended]);
      if (!Array.isArray(more)) throw new Error(`It never said ${text}: ${written.output}${written.errors}`);
    }
  };
  const printed = () => written.output + written.errors;
  return { child, name, ledger, state, ended, printed, said };
}

const unread = ['/bin/sh', '-c', '"$@" | sleep 600', 'sh'];

/** Kills a program and what it has started. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Gone when the test has ended. */
export function temporaryDirectory({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-inventory-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}
