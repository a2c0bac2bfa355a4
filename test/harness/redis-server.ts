import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';
import { freePort } from './free-port.ts';

/** A real Redis, or Valkey, of its own on a free port of the loopback interface. */
export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

const names = ['redis-server', 'valkey-server'];
const missing = `there is no ${names.join(' or ')} in the path: apt-get install redis-server`;

/** Tests that need a Redis. Where there is none they fail under CI, and elsewhere they are skipped and say why. */
export function describeWithRedis(name: string, tests: () => void): void {
  const isThere = binary() !== undefined;
  if (!isThere && process.env.CI !== undefined) {
    it(name, () => {
      throw new Error(missing);
    });
    return;
  }
  describe.skipIf(!isThere)(isThere ? name : `${name} (not run: ${missing})`, tests);
}

/** Starts a server that keeps nothing. */
export async function startRedis(): Promise<RedisServer> {
  const program = binary();
  if (program === undefined) throw new Error(missing);
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-redis-'));
  const port = await freePort();
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory];
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  await ready(child);
  return {
    port,
    stop: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function binary(): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.flatMap((directory) => names.map((name) => join(directory, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function ready(child: ChildProcess): Promise<void> {
  let said = '';
  for await (const text of child.stdout?.setEncoding('utf8').iterator({ destroyOnReturn: false }) ?? []) {
    said += String(text);
    if (said.includes('eady to accept connections')) {
      child.stdout?.resume();
      return;
    }
  }
  throw new Error(`Redis did not start: ${said}`);
}
