import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { postgresBinaries, type ServerUser, serverUser } from './postgres-binaries.ts';

/** A real Postgres server of its own, on a free port of the loopback interface. */
export interface PostgresServer {
  /** URL of the maintenance database, as superuser. */
  readonly url: string;
  readonly pid: number;
  /** Where its data is. */
  readonly data: string;
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
  /** Further settings of the server. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The data of a server that has stopped well, to begin with a copy of it as a standby. */
  readonly standbyOf?: string;
}

/** Initialises and starts a server. */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const user = serverUser();
  const scratch = mkdtempSync(join(tmpdir(), 'spanledger-postgres-'));
  chmodSync(scratch, 0o711);
  const bin = postgresBinaries(user, scratch);
  const { durable = false, settings = {}, standbyOf } = options;
  const data = standbyOf === undefined ? initialise(bin, scratch, user) : copyData(standbyOf, scratch, user);
  const port = options.port ?? (await freePort());
  const start = () => launch({ bin, data, port, user, durable, settings });
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
    data,
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

function copyData(from: string, scratch: string, { uid, gid }: ServerUser): string {
  const data = join(scratch, 'data');
  cpSync(from, data, { recursive: true });
  writeFileSync(join(data, 'standby.signal'), '');
  chmodSync(data, 0o700);
  if (uid !== undefined && gid !== undefined) {
    for (const name of ['', ...readdirSync(data, { encoding: 'utf8', recursive: true })])
      chownSync(join(data, name), uid, gid);
  }
  return data;
}

interface Launch {
  readonly bin: string;
  readonly data: string;
  readonly port: number;
  readonly user: ServerUser;
  readonly durable: boolean;
  readonly settings: Readonly<Record<string, string | number>>;
}

/** Resolves when the server takes connections; it says so on stderr. */
async function launch({ bin, data, port, user, durable, settings: further }: Launch): Promise<ChildProcess> {
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
    ...further,
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
      if (/ready to accept (read-only )?connections/.test(log)) resolve();
    });
  });
  child.removeAllListeners('exit');
  const abandon = () => child.kill('SIGQUIT');
  process.once('exit', abandon);
  child.once('exit', () => process.off('exit', abandon));
  return child;
}
