import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './child.ts';

/** A small disk of its own that processes can be sent to. */
export interface LimitedDisk {
  /** Its path, for the processes that run with `prefix`. */
  readonly path: string;
  /** The same place as this process sees it. */
  readonly pathFromHere: string;
  /** Put before a program: it runs where the disk is mounted. */
  readonly prefix: readonly string[];
  /** Changes it while it is in use: its size, or whether it can be written. */
  remount(options: string): void;
  close(): void;
}

/**
 * Mounts a tmpfs in a mount namespace that a process of ours holds. Nobody else sees it, and it is gone with that process, however this
 * one ends. Without root the namespace comes with a user namespace in which we are root.
 */
export async function startLimitedDisk(directory: string, mountOptions: string): Promise<LimitedDisk> {
  const path = join(directory, 'disk');
  mkdirSync(path, { mode: 0o700 });
  const isRoot = process.getuid?.() === 0;
  const mount = `mount -t tmpfs -o ${mountOptions},mode=700 tmpfs '${path}' && echo mounted && exec cat`;
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
  return {
    path,
    pathFromHere: `/proc/${holder.pid}/root${path}`,
    // Entering the namespace leaves the working directory.
    prefix: [...enter, 'sh', '-c', `cd '${root}' && exec "$@"`, 'sh'],
    remount(options) {
      const done = spawnSync(enter[0] ?? '', [...enter.slice(1), 'mount', '-o', `remount,${options}`, path], {
        encoding: 'utf8',
      });
      if (done.status !== 0) throw new Error(`The disk could not be mounted again with ${options}: ${done.stderr}`);
    },
    close: () => void holder.kill('SIGKILL'),
  };
}
