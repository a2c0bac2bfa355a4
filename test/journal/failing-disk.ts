import { type JournalFileSystem, nodeFileSystem } from '../../src/journal/file-system.ts';

/** The real file system, which can be told to fail as a disk does. */
export class FailingDisk implements JournalFileSystem {
  /** Bytes that segments may still take; the write that crosses it is short, the next one fails with `ENOSPC`. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** A code that every write fails with. */
  writeError: string | undefined;
  /** A code that creating anything fails with. */
  createError: string | undefined;
  truncateError: string | undefined;
  /** Most bytes that one write takes. */
  maxWriteBytes = Number.POSITIVE_INFINITY;
  writes = 0;
  /** The descriptor that was handed out last. */
  lastOpened = -1;

  mkdirSync(path: string, options: { readonly mode: number }): unknown {
    this.#failCreating();
    return nodeFileSystem.mkdirSync(path, options);
  }

  openSync(path: string, flags: string, mode: number): number {
    this.#failCreating();
    this.lastOpened = nodeFileSystem.openSync(path, flags, mode);
    return this.lastOpened;
  }

  writeSync(descriptor: number, buffer: Uint8Array, offset: number, length: number): number {
    this.writes += 1;
    if (this.writeError !== undefined) throw failure(this.writeError);
    if (this.freeBytes <= 0) throw failure('ENOSPC');
    const count = nodeFileSystem.writeSync(
      descriptor,
      buffer,
      offset,
      Math.min(length, this.maxWriteBytes, this.freeBytes),
    );
    this.freeBytes -= count;
    return count;
  }

  ftruncateSync(descriptor: number, length: number): void {
    if (this.truncateError !== undefined) throw failure(this.truncateError);
    nodeFileSystem.ftruncateSync(descriptor, length);
  }

  fstatSync(descriptor: number): { readonly nlink: number; readonly ino: number } {
    return nodeFileSystem.fstatSync(descriptor);
  }

  closeSync(descriptor: number): void {
    nodeFileSystem.closeSync(descriptor);
  }

  renameSync(from: string, to: string): void {
    nodeFileSystem.renameSync(from, to);
  }

  unlinkSync(path: string): void {
    nodeFileSystem.unlinkSync(path);
  }

  readdirSync(path: string): string[] {
    return nodeFileSystem.readdirSync(path);
  }

  statSync(path: string): { readonly size: number } {
    return nodeFileSystem.statSync(path);
  }

  #failCreating(): void {
    if (this.createError !== undefined) throw failure(this.createError);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: the disk refuses`), { code });
}
