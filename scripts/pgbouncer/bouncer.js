// @ts-check
// A PgBouncer of its own before a server.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import '../../test/harness/typescript.js';

/** @typedef {Readonly<Record<string, string | number>>} Settings */
/** @typedef {Awaited<ReturnType<typeof startBouncer>>} Bouncer */

const program = process.env.SPANLEDGER_PGBOUNCER ?? 'pgbouncer';

/** Version of the PgBouncer that is here, such as `1.25.2`. */
export function bouncerVersion() {
  const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const [, version] = /PgBouncer (\S+)/.exec(stdout ?? '') ?? [];
  if (version !== undefined) return version;
  throw new Error(
    `${program} does not run (${error?.message}). Install it (apt-get install pgbouncer), or name one: SPANLEDGER_PGBOUNCER.`,
  );
}

/** Whether this PgBouncer is of `wanted` or later. @param {string} version @param {string} wanted */
export function isAtLeast(version, wanted) {
  return version.localeCompare(wanted, 'en', { numeric: true }) >= 0;
}

/**
 * Starts one on a free port of the loopback interface. `url` is that of the server with its address.
 * @param {string} directory Empty or not there.
 * @param {string} serverUrl With a password.
 * @param {Settings} settings
 */
export async function startBouncer(directory, serverUrl, settings) {
  const { freePort } = await import('../../test/harness/free-port.ts');
  const { serverUser } = await import('../../test/harness/postgres-binaries.ts');
  const server = new URL(serverUrl);
  const port = await freePort();
  const user = serverUser();
  mkdirSync(directory, { mode: 0o711 });
  const users = join(directory, 'users.txt');
  writeFileSync(users, `"${server.username}" "${server.password}"\n`);
  const file = join(directory, 'pgbouncer.ini');
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    admin_users: server.username,
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(
    file,
    [`[databases]`, `* = host=127.0.0.1 port=${server.port}`, '[pgbouncer]', ...lines, ''].join('\n'),
  );
  if (user.uid !== undefined && user.gid !== undefined)
    for (const path of [directory, users, file]) chownSync(path, user.uid, user.gid);
  let log = '';
  const launch = async () => {
    const child = spawn(program, [file], { ...user, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    const from = log.length;
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
    while (!log.slice(from).includes('process up')) {
      await Promise.race([once(child.stderr, 'data'), ended]);
      if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}: ${log.slice(from)}`);
    }
    return { child, ended };
  };
  let running = await launch();
  const url = new URL(serverUrl);
  url.port = String(port);
  if (settings.client_tls_sslmode !== undefined) url.searchParams.set('sslmode', 'no-verify');
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    running.child.kill(signal);
    await running.ended;
  };
  return {
    url: url.href,
    /** Its console, as a database. */
    consoleUrl: Object.assign(new URL(url), { pathname: '/pgbouncer' }).href,
    said: () => log,
    kill: () => end('SIGKILL'),
    async restart() {
      running = await launch();
    },
    stop: () => end('SIGQUIT'),
  };
}
