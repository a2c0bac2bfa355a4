import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Put before `node`: another program that runs it, such as `nsenter`. */
  readonly prefix?: readonly string[];
  /** Further flags of `node`. */
  readonly flags?: readonly string[];
}

export interface AppOptions extends LaunchOptions {
  readonly script: 'mixed-load.js' | 'blocked-loop.js';
  /** What the app is told; see the script. */
  readonly load: { readonly name: string } & Readonly<Record<string, unknown>>;
  /** Where the app writes what its calls have acknowledged, if not to the file of the stage. */
  readonly acknowledgements?: string;
}

/** What an app has felt within a quarter of a second. */
export interface Window {
  readonly at: number;
  /** Items that have ended since the start. */
  readonly ended: number;
  readonly calls: number;
  /** Milliseconds that calls into spanledger took. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly loopDelayP99: number;
  readonly rssBytes: number;
}

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a fault's own, known by its handle. */
export interface Child {
  readonly pid: number;
  readonly ended: Promise<CommandEnd>;
  /** Resolves when the app is at work. */
  readonly ready: Promise<void>;
  readonly windows: readonly Window[];
  /** Standard output and standard error up to now. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  tell(message: Readonly<Record<string, unknown>>): void;
  kill(signal: NodeJS.Signals): void;
}

const ownVariables = /^(SPANLEDGER_|OTEL_|DATABASE_URL$|NODE_OPTIONS$|VITEST|NODE_CHANNEL|LOAD$)/;
const noExports = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };

/** Starts an app as its users would, with nothing but the flag that puts spanledger in. */
export function launchApp(options: AppOptions): Child {
  const { script, load, acknowledgements, flags = [] } = options;
  const env = {
    ...noExports,
    OTEL_SERVICE_NAME: 'faults',
    LOAD: JSON.stringify({ ...load, acknowledgements }),
    ...options.env,
  };
  const parameters = ['--import', 'spanledger/register', ...flags, join(import.meta.dirname, 'apps', script)];
  return launch(parameters, { ...options, env });
}

/** Starts the command line of the built package. */
export function runCommand(parameters: readonly string[], options: LaunchOptions): Child {
  return launch([...(options.flags ?? []), join(root, 'dist', 'cli', 'main.js'), ...parameters], options);
}

function launch(parameters: readonly string[], { env, prefix = [] }: LaunchOptions): Child {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownVariables.test(name)));
  const [program = '', ...rest] = [...prefix, process.execPath, ...parameters];
  const child = spawn(program, rest, {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return watch(child);
}

function watch(child: ChildProcess): Child {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-mostOutput);
    });
  }
  const windows: Window[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: Window | { readonly ready: true }) => {
      if ('ready' in message) resolve();
      else windows.push(message);
    });
    child.once('close', () => reject(new Error(`The app ended before it was ready: ${output.stderr}`)));
  });
  ready.catch(() => undefined);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return {
    pid: child.pid ?? 0,
    ended,
    ready,
    windows,
    output,
    // One that ends at this moment hears nothing, which is no fault.
    tell: (message) => void (child.connected && child.send(message, () => undefined)),
    kill: (signal) => void child.kill(signal),
  };
}

const mostOutput = 1_000_000;
