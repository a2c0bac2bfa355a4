import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What came of an attempt to write: bytes that were taken, none of them where there is no room now. */
export type Attempt =
  | { readonly status: 'taken'; readonly bytes: number }
  /** Writing would wait for whoever reads the other end; only the main thread can change that. */
  | { readonly status: 'would-wait' }
  /** Nobody reads it, and nobody will. */
  | { readonly status: 'closed' };

/** The slice of the process that standard error needs. */
export interface ErrorDescriptor {
  /** Never waits for a reader. */
  attempt(bytes: Uint8Array): Attempt;
  /** Whether a thread may have to leave writing to the main thread. */
  mayNeedMainThread(): boolean;
}

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
const taken = (bytes: number): Attempt => ({ status: 'taken', bytes });

/**
 * Standard error without waiting. A descriptor waits or not for everybody who shares it, the host and its child processes among them, so
 * its mode is left alone:
 *
 * - a file takes what it is given;
 * - a pipe or a terminal is opened anew for each write, on Linux, so that the mode is that of the new descriptor only;
 * - what cannot be opened anew, a socket above all, is written to where the host has made it not to wait, as `process.stderr` does; where it has
 *   not, `unlock` makes it so.
 *
 * @param unlock has the descriptor not wait from now on, where this thread can: see `createStandardError`
 */
export function createErrorDescriptor(unlock: () => boolean, file = 2): ErrorDescriptor {
  return {
    attempt(bytes) {
      try {
        const kind = kindOf(file);
        if (kind === 'direct') return taken(writeSync(file, bytes));
        const anew = kind === 'reopened' ? openedAnew(file) : undefined;
        if (anew !== undefined) return writeAndClose(anew, bytes);
        if (waits(file) !== false && !(unlock() && waits(file) !== true)) return { status: 'would-wait' };
        return taken(writeSync(file, bytes));
      } catch (error) {
        return codeOf(error) === 'EAGAIN' ? taken(0) : { status: 'closed' };
      }
    },
    mayNeedMainThread() {
      try {
        const kind = kindOf(file);
        const anew = kind === 'reopened' ? openedAnew(file) : undefined;
        if (anew !== undefined) closeSync(anew);
        return kind !== 'direct' && anew === undefined;
      } catch {
        return false;
      }
    },
  };
}

function kindOf(file: number): 'direct' | 'reopened' | 'shared' {
  const stats = fstatSync(file);
  // Node has no other way to write to a terminal or a pipe of Windows, and to a terminal elsewhere than on Linux.
  if (process.platform === 'win32' || stats.isFile()) return 'direct';
  if (process.platform !== 'linux') return stats.isCharacterDevice() ? 'direct' : 'shared';
  return stats.isFIFO() || stats.isCharacterDevice() ? 'reopened' : 'shared';
}

/** @returns `undefined` where it may not be: it belongs to another user, or there is no `/proc` */
function openedAnew(file: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${file}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    // A pipe that nobody reads.
    if (codeOf(error) === 'ENXIO') throw error;
    return undefined;
  }
}

function writeAndClose(file: number, bytes: Uint8Array): Attempt {
  try {
    return taken(writeSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** Whether writing waits where there is no room; `undefined` where that cannot be known. */
function waits(file: number): boolean | undefined {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'utf8'))?.[1];
    return flags === undefined ? undefined : (Number.parseInt(flags, 8) & O_NONBLOCK) === 0;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
