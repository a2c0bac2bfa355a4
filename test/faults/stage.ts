import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, type ServerOptions, startPostgres } from '../harness/postgres-server.ts';
import { type AppOptions, type Child, type CommandEnd, type LaunchOptions, launchApp, runCommand } from './child.ts';
import { createWitness, type Witness } from './witness.ts';

/** Where one run of a fault takes place. Everything it starts ends with `close`, whatever happened. */
export interface Stage {
  readonly directory: string;
  /** The spanledger directory of the apps, `SPANLEDGER_DIR`. */
  readonly ledger: string;
  /** The file to which apps write what their calls have acknowledged. */
  readonly acknowledgements: string;
  /** Starts a Postgres of its own, with the tables; durable, as a database that is crashed must be. */
  startServer(options?: ServerOptions & { readonly migrated?: boolean }): Promise<PostgresServer>;
  /** Starts `test/faults/apps/<script>` with `--import spanledger/register`. */
  startApp(options: AppOptions): Child;
  /** Runs `spanledger <parameters>` to its end. */
  run(parameters: readonly string[], options: LaunchOptions): Promise<CommandEnd>;
  /** Starts it without waiting. */
  start(parameters: readonly string[], options: LaunchOptions): Child;
  /** Keeps a second name for each journal segment, so that what was written can be told when it has been shipped. */
  watchJournal(): Witness;
  /** Ended with the stage, the last one first. */
  closeLater(close: () => unknown): void;
  /** What apps have acknowledged up to now. A line that a kill cut short was not. */
  acknowledged(): readonly string[];
  close(): Promise<void>;
}

export function createStage(name: string): Stage {
  const directory = mkdtempSync(join(tmpdir(), `spanledger-${name}-`));
  const ledger = join(directory, 'ledger');
  mkdirSync(ledger, { mode: 0o700 });
  const acknowledgements = join(directory, 'acknowledged');
  const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 })];
  const watched = (child: Child): Child => {
    closers.push(() => {
      child.kill('SIGKILL');
      return child.ended;
    });
    return child;
  };
  const endAtOnce = () => {
    for (const close of closers.toReversed()) void close();
  };
  process.once('exit', endAtOnce);
  const placed = <T extends LaunchOptions>(options: T) => ({
    ...options,
    env: { SPANLEDGER_DIR: ledger, ...options.env },
  });
  return {
    directory,
    ledger,
    acknowledgements,
    async startServer({ migrated = true, ...options } = {}) {
      const server = await startPostgres({ durable: true, ...options });
      closers.push(() => server.stop());
      if (migrated) await migrate(server.url);
      return server;
    },
    startApp: (options) => watched(launchApp({ acknowledgements, ...placed(options) })),
    run: (parameters, options) => runCommand(parameters, placed(options)).ended,
    start: (parameters, options) => watched(runCommand(parameters, placed(options))),
    watchJournal() {
      const witness = createWitness(ledger, join(directory, 'witness'));
      closers.push(() => witness.close());
      return witness;
    },
    closeLater: (close) => closers.push(close),
    acknowledged: () => wholeLines(acknowledgements),
    async close() {
      process.off('exit', endAtOnce);
      for (const close of closers.splice(0).toReversed()) await close();
    },
  };
}

const unreachable = 3;

/** Brings the tables of a database up to date, as a user would. */
export async function migrate(url: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { code, stderr } = await runCommand(['migrate', 'up'], { env: { DATABASE_URL: url } }).ended;
    if (code === 0) return;
    // A server that has just begun may take its time on a busy machine.
    if (code !== unreachable || attempt === 5) throw new Error(`spanledger migrate up ended with ${code}: ${stderr}`);
  }
}

function wholeLines(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').slice(0, -1);
}
