import { closeSync, constants, fchownSync, fstatSync, openSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Gives what root has made to the owner of the directory that it is in, so that a command that an administrator runs leaves nothing in the directory of
 * a service that the service could not write. Does nothing for others than root, and elsewhere than on Linux.
 *
 * The directory is the one where the file really is, as the kernel tells it, and not the one that its path names: nobody gets a file
 * by putting a link in the way.
 */
export function inheritOwner(descriptor: number): void {
  if (!isRoot()) return;
  try {
    const made = fstatSync(descriptor);
    if (made.uid !== 0 || (made.isFile() && made.nlink > 1)) return;
    const { uid, gid } = statSync(dirname(readlinkSync(`/proc/self/fd/${descriptor}`)));
    if (uid !== 0) fchownSync(descriptor, uid, gid);
  } catch {
    // Root of a container without the right to, or a disk on another machine: `spanledger doctor` tells of it.
  }
}

/** The same for a file or directory that is not open. */
export function inheritOwnerAt(path: string): void {
  if (!isRoot()) return;
  try {
    const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    inheritOwner(descriptor);
    closeSync(descriptor);
  } catch {
    // A link, or gone already.
  }
}

/** The same for a directory and all that is below it, whoever has made it. */
export function inheritOwnerBelow(directory: string): void {
  if (!isRoot()) return;
  inheritOwnerAt(directory);
  for (const path of pathsBelow(directory)) inheritOwnerAt(path);
}

/** What does not belong to the owner of the directory, who cannot write it. */
export interface ForeignFiles {
  readonly count: number;
  /** One of them. */
  readonly example: string;
  /** User and group of the directory. */
  readonly uid: number;
  readonly gid: number;
}

/** Files and directories below this one that belong to another user; `undefined` where there is none. */
export function foreignFiles(directory: string): ForeignFiles | undefined {
  const { uid, gid } = statSync(directory);
  const foreign = pathsBelow(directory).filter((path) => (ownerOf(path) ?? uid) !== uid);
  const [example] = foreign;
  return example === undefined ? undefined : { count: foreign.length, example, uid, gid };
}

/** @returns `undefined` where it is gone meanwhile, or may not be seen */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function isRoot(): boolean {
  return process.platform === 'linux' && process.geteuid?.() === 0;
}

/** Those that may be seen, a directory before what is in it. Links are not followed. */
function pathsBelow(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return [path, ...pathsBelow(path)];
      return entry.isFile() ? [path] : [];
    });
  } catch {
    return [];
  }
}
