import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { directoryMode } from './layout.ts';
import { inheritOwner, inheritOwnerAt } from './ownership.ts';

/** The slice of `node:fs` that the append side uses. Injected to make a disk fill up, fail and recover in tests. */
export interface JournalFileSystem {
  mkdirSync(path: string, options: { readonly mode: number }): unknown;
  openSync(path: string, flags: string, mode: number): number;
  writeSync(descriptor: number, buffer: Uint8Array, offset: number, length: number): number;
  ftruncateSync(descriptor: number, length: number): void;
  fstatSync(descriptor: number): { readonly nlink: number; readonly ino: number };
  closeSync(descriptor: number): void;
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  readdirSync(path: string): string[];
  statSync(path: string): { readonly size: number };
}

/** That of Node.js; what root makes belongs to the owner of its directory. */
export const nodeFileSystem: JournalFileSystem = {
  ...fs,
  mkdirSync(path, options) {
    fs.mkdirSync(path, options);
    inheritOwnerAt(path);
  },
  openSync(path, flags, mode) {
    const descriptor = fs.openSync(path, flags, mode);
    if (!flags.startsWith('r')) inheritOwner(descriptor);
    return descriptor;
  },
};

/** `ENOSPC` and its like, or `undefined` if the error carries no code. */
export function errorCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a path, or what should hold it, is not there. */
export function isAbsence(error: unknown): boolean {
  const code = errorCodeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Makes a directory that only its owner may enter, and those above it that are missing. Not by `recursive: true`: Node.js
 * then tries for ever where a directory exists but takes no entries and says `ENOENT`, as `/proc` does.
 */
export function makeDirectory(path: string, files: JournalFileSystem = nodeFileSystem): void {
  const make = (): boolean => {
    try {
      files.mkdirSync(path, { mode: directoryMode });
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'ENOENT' && dirname(path) !== path) return false;
      if (code !== 'EEXIST') throw error;
    }
    return true;
  };
  if (make()) return;
  makeDirectory(dirname(path), files);
  if (!make()) throw Object.assign(new Error(`ENOENT: ${path} cannot be made`), { code: 'ENOENT' });
}

/** Of this thread of this process alone: two containers may share a directory, and the ids of their processes may be the same. */
const passingMark = randomBytes(6).toString('hex');

/** Whether a file is on its way to its place; of a process that died it stays there. */
export function isPassing(fileName: string): boolean {
  return fileName.endsWith('.new');
}

/** Writes a whole small file under a passing name and moves it to its place: readers see the old text or the new one. */
export function replaceFileSync(files: JournalFileSystem, path: string, text: string, mode: number): void {
  const passing = `${path}.${passingMark}.new`;
  const bytes = Buffer.from(text);
  const descriptor = files.openSync(passing, 'w', mode);
  try {
    writeWhole(files, descriptor, bytes);
  } finally {
    files.closeSync(descriptor);
  }
  files.renameSync(passing, path);
}

/** Writes all bytes or throws; a disk that takes nothing any more counts as full. */
export function writeWhole(files: JournalFileSystem, descriptor: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) {
    const count = files.writeSync(descriptor, bytes, done, bytes.length - done);
    if (count === 0) throw Object.assign(new Error('ENOSPC: the disk took no bytes'), { code: 'ENOSPC' });
    done += count;
  }
}
