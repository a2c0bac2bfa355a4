import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const ownVariables = /^(SPANLEDGER_|OTEL_|DATABASE_URL$|NODE_OPTIONS$|VITEST|PORT$)/;

/** A service of the examples, started as its users do. */
export interface ExampleService {
  readonly port: number;
  readonly directory: string;
  /** Ends it as an operator would, and tells what it has said. */
  stop(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

export interface ExampleStart {
  readonly example: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `server.js` of an example in its own directory, and waits for the port that it tells. */
export async function startExample({ example, flags, env = {} }: ExampleStart): Promise<ExampleService> {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-service-'));
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownVariables.test(name)));
  const child = spawn(process.execPath, [...flags, 'server.js'], {
    cwd: join(examples, example),
    env: { ...inherited, PORT: '0', SPANLEDGER_DIR: directory, SPANLEDGER_EXIT_TIMEOUT: '30000', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Whether or not a test gets to where it stops it.
  const abandon = () => child.kill('SIGKILL');
  process.once('exit', abandon);
  child.once('exit', () => process.off('exit', abandon));
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const told = () => /listening (?:on |at http:\/\/127\.0\.0\.1:)(\d+)/.exec(said.stdout)?.[1];
  while (told() === undefined) {
    if ((await Promise.race([once(child.stdout, 'data'), ended])) === null || child.exitCode !== null)
      throw new Error(`It does not listen: ${said.stderr}`);
  }
  const port = Number(told());
  const stop = async () => {
    child.kill('SIGTERM');
    const code = await ended;
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    const withoutPort = (text: string) => text.replaceAll(String(port), 'PORT');
    return { code, stdout: withoutPort(said.stdout), stderr: withoutPort(said.stderr) };
  };
  return { port, directory, stop };
}
