import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AppOptions, type Child, root } from './child.ts';
import type { Stage } from './stage.ts';

/** A place for journals that can be made to refuse them. */
export interface LimitedDisk {
  /** How it refuses, in words. */
  readonly kind: string;
  /** Its path, for the processes that run with `prefix`. */
  readonly path: string;
  /** The same place as this process sees it. */
  readonly pathFromHere: string;
  /** Put before a command: it runs where the disk is. */
  readonly prefix: readonly string[];
  /** A full disk still takes files of some bytes, such as a heartbeat. */
  readonly takesSmallFiles: boolean;
  /** How an app is started there. */
  readonly launch: Pick<AppOptions, 'prefix' | 'acknowledgements'>;
  /** Nothing can be written from now on, by nobody, or by an app that runs. */
  forbid(app?: Child): void;
  allow(app: Child): void;
  /** It is full from now on, or will soon be, as the journal of the app grows. */
  fill(app: Child): void;
  /** It has room again. */
  free(app: Child): void;
  close(): void;
}

/**
 * A tmpfs where one can be mounted, which takes root or a user namespace; containers often have neither. There, or where its size is
 * to be 0, the kernel's limit on the size of files makes each write fail, and it is told that this is so.
 */
export async function startLimitedDisk(stage: Stage, mebibytes: number): Promise<LimitedDisk> {
  if (mebibytes === 0) return limitFiles(stage);
  try {
    return await mountDisk(stage, mebibytes);
  } catch (error) {
    process.stderr.write(
      `disk-full: NO FILE SYSTEM CAN BE MOUNTED HERE (${String(error)}). Writes are refused by a limit on the size of files instead.\n`,
    );
    return limitFiles(stage);
  }
}

/**
 * Mounts a tmpfs in a mount namespace that a process of ours holds. Nobody else sees it, and it is gone with that process, however this
 * one ends. Without root the namespace comes with a user namespace in which we are root.
 */
async function mountDisk({ directory }: Stage, mebibytes: number): Promise<LimitedDisk> {
  const path = join(directory, 'disk');
  mkdirSync(path, { mode: 0o700 });
  const isRoot = process.getuid?.() === 0;
  const mount = `mount -t tmpfs -o size=${mebibytes}m,mode=700 tmpfs '${path}' && echo mounted && exec cat`;
  const holder = spawn('unshare', [...(isRoot ? [] : ['--map-root-user']), '--mount', 'sh', '-c', mount], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = await Promise.race([once(holder.stdout, 'data'), once(holder.stderr, 'data'), once(holder, 'error')]);
  if (!String(said[0]).startsWith('mounted')) throw new Error(`A small disk could not be mounted: ${said[0]}`);
  const enter = [
    'nsenter',
    '--target',
    String(holder.pid),
    ...(isRoot ? [] : ['--user', '--preserve-credentials']),
    '--mount',
  ];
  // Entering the namespace leaves the working directory.
  const prefix = [...enter, 'sh', '-c', `cd '${root}' && exec "$@"`, 'sh'];
  const remount = (options: string) => {
    const done = spawnSync(enter[0] ?? '', [...enter.slice(1), 'mount', '-o', `remount,${options}`, path], {
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`The disk could not be mounted again with ${options}: ${done.stderr}`);
  };
  return {
    kind: 'small tmpfs',
    path,
    pathFromHere: `/proc/${holder.pid}/root${path}`,
    prefix,
    takesSmallFiles: true,
    launch: { prefix },
    forbid: () => remount('ro'),
    allow: () => remount('rw'),
    fill: () => undefined,
    free: () => remount('size=1g'),
    close: () => void holder.kill('SIGKILL'),
  };
}

/** https://man7.org/linux/man-pages/man2/getrlimit.2.html: a write beyond RLIMIT_FSIZE fails with EFBIG. */
function limitFiles({ directory, acknowledgements }: Stage): LimitedDisk {
  const path = join(directory, 'disk');
  mkdirSync(path, { mode: 0o700 });
  const pipe = join(directory, 'acknowledged-pipe');
  // What is acknowledged goes through a pipe, to a process without the limit.
  const carry = `rm -f '${pipe}'; mkfifo '${pipe}' && { (exec 3>&-; exec cat '${pipe}' >>'${acknowledgements}') & exec`;
  let limit = 'unlimited';
  const set = (app: Child | undefined, bytes: string) => {
    limit = bytes;
    if (app === undefined) return;
    const done = spawnSync('prlimit', ['--pid', String(app.pid), `--fsize=${bytes}:unlimited`], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`The limit could not be set: ${done.stderr}${done.error ?? ''}`);
  };
  return {
    kind: 'limit on file sizes',
    path,
    pathFromHere: path,
    prefix: [],
    takesSmallFiles: false,
    get launch() {
      return {
        prefix: ['sh', '-c', `${carry} prlimit --fsize=${limit}:unlimited -- "$@"; }`, 'sh'],
        acknowledgements: pipe,
      };
    },
    forbid: (app) => set(app, '0'),
    allow: (app) => set(app, 'unlimited'),
    fill: (app) => set(app, '0'),
    free: (app) => set(app, 'unlimited'),
    close: () => undefined,
  };
}
