import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { postgresBinaries, type ServerUser, serverUser } from './postgres-binaries.ts';

/** A real Postgres server of its own, on a free port of the loopback interface. */
export interface PostgresServer {
  /** URL of the maintenance database, as superuser. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server as a signal would: SIGINT fast, SIGQUIT immediate, SIGKILL as if the power had gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data, after `kill`. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const password = 'test-only';

export interface ServerOptions {
  /** Keeps fsync on, for tests that cut the power. */
  readonly durable?: boolean;
  /** Default: any that is free. */
  readonly port?: number;
}

/** Initialises and starts a server. */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const user = serverUser();
  const scratch = mkdtempSync(join(tmpdir(), 'spanledger-postgres-'));
  chmodSync(scratch, 0o711);
  const bin = postgresBinaries(user, scratch);
  const data = initialise(bin, scratch, user);
  const port = options.port ?? (await freePort());
  const start = () => launch({ bin, data, port, user, durable: options.durable === true });
  let child = await start();
  const kill = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    get pid() {
      return child.pid ?? 0;
    },
    kill,
    async restart() {
      await kill('SIGINT');
      child = await start();
    },
    async stop() {
      await kill('SIGINT');
      rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function initialise(bin: string, scratch: string, user: ServerUser): string {
  const data = join(scratch, 'data');
  const passwordFile = join(scratch, 'password');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    chownSync(data, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const flags = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--no-sync',
  ];
  const done = spawnSync(join(bin, 'initdb'), [...flags, '--locale=C'], { ...user, cwd: data, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`initdb ended with ${done.status}: ${done.stderr}${done.error ?? ''}`);
  return data;
}

interface Launch {
  readonly bin: string;
  readonly data: string;
  readonly port: number;
  readonly user: ServerUser;
  readonly durable: boolean;
}

/** Resolves when the server takes connections; it says so on stderr. */
async function launch({ bin, data, port, user, durable }: Launch): Promise<ChildProcess> {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    lc_messages: 'C',
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...flags], {
    ...user,
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code} at start: ${log}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000);
      if (log.includes('ready to accept connections')) resolve();
    });
  });
  child.removeAllListeners('exit');
  const abandon = () => child.kill('SIGQUIT');
  process.once('exit', abandon);
  child.once('exit', () => process.off('exit', abandon));
  return child;
}
