import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baselineWasm } from '../harness/baseline-wasm.ts';

/** The root of the repository, where `spanledger/register` means the built package. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const importer = join(root, 'examples/local-import/main.js');
const reportMemory = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => process.stderr.write('peak memory ' + process.resourceUsage().maxRSS + ' KiB\\n'));",
)}`;

/** How a child process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The last line that the importer prints with `--json`. */
export interface ImportReport {
  readonly sessionId: string;
  readonly state: string;
  readonly counts: Readonly<
    Record<'total' | 'imported' | 'skipped' | 'failed' | 'missing' | 'pending' | 'processing', number>
  >;
}

/** An importer at work. */
export interface RunningImporter {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the text has appeared on stderr; rejects if the process ends before. */
  untilPrinted(text: string): Promise<void>;
}

export interface ImporterOptions {
  readonly folder: string;
  /** Holds target, catalogue and ledger. */
  readonly state: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as another user, where this process may. */
  readonly uid?: number | undefined;
}

/** Starts the importer as its users do: the real program, with the built `spanledger/register`. */
export function startImporter({ folder, state, args = [], env = {}, uid }: ImporterOptions): RunningImporter {
  const own = ['--target', join(state, 'target'), '--catalogue', join(state, 'catalogue'), '--json'];
  const argv = ['--import', 'spanledger/register', '--import', reportMemory, importer, folder, ...own, ...args];
  return startProgram(argv, { ...cleanEnvironment(), SPANLEDGER_DIR: join(state, 'ledger'), ...env }, uid);
}

/** Runs the importer to its end. */
export async function runImporter(options: ImporterOptions): Promise<Ended & { readonly report: ImportReport }> {
  const ended = await startImporter(options).ended;
  return { ...ended, report: parseReport(ended) };
}

/** Runs a program of Node to its end, without a database from outside. */
export async function runNode(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return startProgram(argv, { ...cleanEnvironment(), ...env }).ended;
}

function startProgram(argv: readonly string[], env: NodeJS.ProcessEnv, uid?: number): RunningImporter {
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(process.execPath, [baselineWasm, ...argv], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, ...output }));
  const untilPrinted = async (text: string): Promise<void> => {
    while (!output.stderr.includes(text)) {
      const more = await Promise.race([once(child.stderr, 'data'), ended]);
      if (!Array.isArray(more)) throw new Error(`The importer ended before it printed "${text}":\n${output.stderr}`);
    }
  };
  return { child, ended, untilPrinted };
}

function parseReport({ code, stdout, stderr }: Ended): ImportReport {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`The importer ended with ${code} and no report:\n${stdout}${stderr}`);
  return JSON.parse(line) as ImportReport;
}

/** The environment without settings of the caller. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:DATABASE_URL|SPANLEDGER_|OTEL_|NODE_OPTIONS|VITEST)/.test(name),
  );
  return Object.fromEntries(kept);
}
