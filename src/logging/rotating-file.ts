import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { diag } from '@opentelemetry/api';
import type { LineOutput } from './standard-output.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Default: 10 MB. */
  readonly maxBytes?: number;
  /** Files that are kept besides the one that is written; default 5. */
  readonly kept?: number;
}

/** Looks so often, in bytes of its own, whether the file is still the one that the path names. */
const lookEveryBytes = 65_536;

/**
 * A file that grows to a size and then becomes `.1`, the one before it `.2`, and so on. Where several processes write one file, the one
 * that makes its lock rotates it and the others follow: each line is whole, and none is lost. Never throws: a file that cannot be written drops lines and counts them.
 */
export function createRotatingFile({ path, maxBytes = 10_000_000, kept = 5 }: RotatingFileOptions): LineOutput {
  let open: { readonly fd: number; bytes: number; looked: number } | undefined;
  const lookBytes = Math.min(lookEveryBytes, maxBytes / 10);
  let dropped = 0;
  const reopen = () => {
    if (open !== undefined) closeSync(open.fd);
    open = undefined;
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, 'a');
    open = { fd, bytes: fstatSync(fd).size, looked: 0 };
    return open;
  };
  const current = () => {
    const file = open ?? reopen();
    if (file.bytes < maxBytes && file.looked < lookBytes) return file;
    file.looked = 0;
    file.bytes = fstatSync(file.fd).size;
    if (file.bytes >= maxBytes && isSame(path, file.fd)) rotate(path, kept);
    return isSame(path, file.fd) ? file : reopen();
  };
  return {
    write(line) {
      try {
        const file = current();
        const bytes = writeSync(file.fd, line);
        file.bytes += bytes;
        file.looked += bytes;
      } catch (error) {
        dropped += 1;
        diag.warn(`The log file ${path} cannot be written.`, error);
      }
    },
    dropped: () => dropped,
    close() {
      if (open !== undefined) closeSync(open.fd);
      open = undefined;
    },
  };
}

function isSame(path: string, fd: number): boolean {
  try {
    return statSync(path).ino === fstatSync(fd).ino;
  } catch {
    return false;
  }
}

const staleMillis = 10_000;

/** Moves the files up by one, if this process gets the lock. */
function rotate(path: string, kept: number): void {
  const lock = `${path}.lock`;
  try {
    mkdirSync(lock);
  } catch {
    // Another process is at it; one that died of it is not waited for.
    if (ageMillis(lock) > staleMillis) rmSync(lock, { recursive: true, force: true });
    return;
  }
  try {
    for (let number = kept; number > 1; number -= 1) move(`${path}.${number - 1}`, `${path}.${number}`);
    move(path, `${path}.1`);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // There are not so many yet.
  }
}

function ageMillis(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
