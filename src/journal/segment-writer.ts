import { join } from 'node:path';
import { errorCodeOf, type JournalFileSystem, makeDirectory, replaceFileSync, writeWhole } from './file-system.ts';
import { frameText } from './frame.ts';
import type { FrameBatch } from './frame-batch.ts';
import {
  fileMode,
  type Lane,
  laneOf,
  ownerFileName,
  parseSegmentFile,
  segmentNumber,
  segmentPath,
  toSegmentName,
} from './layout.ts';
import type { SegmentHeader } from './segment-header.ts';

/** How long the file may be gone without notice. */
const presenceCheckMillis = 1_000;

/**
 * The next file may take what this one does not: it may not grow any more (RLIMIT_FSIZE, or the file system's own limit), or is one of a
 * network disk that has come back as another.
 */
const spentCodes: ReadonlySet<string | undefined> = new Set(['EFBIG', 'ESTALE']);

export interface SegmentWriterOptions {
  readonly directory: string;
  readonly header: SegmentHeader;
  readonly lane: Lane;
  readonly maxSegmentBytes: number;
  readonly maxSegmentAgeMillis: number;
  readonly files: JournalFileSystem;
  /** A segment was begun; called after the header is written. */
  readonly onSegment: (segment: number, bytes: number) => void;
}

/** Frames that are in the file, and the error that kept the others out. */
export interface WriteResult {
  readonly count: number;
  readonly bytes: number;
  readonly error?: unknown;
}

/** The segments of one instance, one behind the other. Only whole frames stay in them. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #headerLine: Uint8Array;
  #descriptor: number | undefined;
  #inode = 0;
  #number = 0;
  #size = 0;
  #path = '';
  #isPrepared = false;
  #openedAt = 0;
  #checkedAt = 0;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#headerLine = frameText(JSON.stringify(options.header));
  }

  get segment(): number {
    return this.#number;
  }

  get size(): number {
    return this.#size;
  }

  /** File of the segment that was written to last. */
  get path(): string {
    return this.#path;
  }

  /** Makes the directory and says whose it is. Throws if that cannot be done. */
  prepare(): void {
    const { files, directory, header, lane } = this.#options;
    makeDirectory(directory, files);
    replaceFileSync(files, join(directory, ownerFileName), `${JSON.stringify(header)}\n`, fileMode);
    for (const name of files.readdirSync(directory)) {
      const segment = parseSegmentFile(name);
      if (segment === undefined || laneOf(segment) !== lane) continue;
      this.#number = Math.max(this.#number, segmentNumber(segment));
    }
    this.#isPrepared = true;
  }

  /** Writes a batch in one call. Never throws. */
  write(batch: FrameBatch, now: number): WriteResult {
    try {
      this.#makeRoom(batch.length, now);
    } catch (error) {
      return { count: 0, bytes: 0, error };
    }
    const { files } = this.#options;
    const descriptor = this.#descriptor ?? -1;
    const { bytes, length } = batch;
    let done = 0;
    try {
      do {
        const count = files.writeSync(descriptor, bytes, done, length - done);
        if (count === 0) throw Object.assign(new Error('ENOSPC: the disk took no bytes'), { code: 'ENOSPC' });
        done += count;
      } while (done < length);
    } catch (error) {
      return this.#repair(batch, done, error);
    }
    this.#size += length;
    return { count: batch.count, bytes: length };
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor === undefined) return;
    try {
      this.#options.files.closeSync(descriptor);
    } catch {
      // What was written has been handed over; there is nothing to take back.
    }
  }

  /** Cuts off the torn frame. Where that fails too, the segment ends here: a torn end is recognised, a torn middle is damage. */
  #repair(batch: FrameBatch, done: number, error: unknown): WriteResult {
    const whole = batch.wholeFramesUpTo(done);
    this.#size += whole.end;
    if (done > whole.end) {
      try {
        this.#options.files.ftruncateSync(this.#descriptor ?? -1, this.#size);
      } catch {
        this.close();
      }
    }
    if (spentCodes.has(errorCodeOf(error))) this.close();
    this.#noteLoss(error);
    return { count: whole.count, bytes: whole.end, error };
  }

  #makeRoom(bytes: number, now: number): void {
    const { maxSegmentBytes, maxSegmentAgeMillis } = this.#options;
    if (this.#descriptor !== undefined) {
      const isFull = this.#size + bytes > maxSegmentBytes && this.#size > this.#headerLine.length;
      const isOld = Math.abs(now - this.#openedAt) > maxSegmentAgeMillis && this.#size > this.#headerLine.length;
      if (!(isFull || isOld || this.#isGone(now))) return;
      this.close();
    }
    this.#begin(now);
  }

  /** Someone may have removed the file: a person, or a reader that took this process for dead while it was suspended. */
  #isGone(now: number): boolean {
    if (Math.abs(now - this.#checkedAt) < presenceCheckMillis) return false;
    this.#checkedAt = now;
    if (this.#isThere()) return false;
    // Whatever becomes of the next one, nothing more goes into this.
    this.close();
    this.prepare();
    return true;
  }

  #isThere(): boolean {
    try {
      const { nlink, ino } = this.#options.files.fstatSync(this.#descriptor ?? -1);
      // Somebody has closed our descriptor, and it is another file's by now, which is not ours to close.
      if (ino !== this.#inode) this.#descriptor = undefined;
      return nlink > 0 && ino === this.#inode;
    } catch (error) {
      this.#noteLoss(error);
      return false;
    }
  }

  /** Somebody has closed our descriptor. It must not be closed again: by then it may be another file's. */
  #noteLoss(error: unknown): void {
    if (errorCodeOf(error) === 'EBADF') this.#descriptor = undefined;
  }

  #begin(now: number): void {
    const { files, onSegment } = this.#options;
    if (!this.#isPrepared) this.prepare();
    const { descriptor, path } = this.#createFile();
    try {
      writeWhole(files, descriptor, this.#headerLine);
    } catch (error) {
      files.closeSync(descriptor);
      files.unlinkSync(path);
      this.#number -= 1;
      throw error;
    }
    this.#descriptor = descriptor;
    this.#inode = files.fstatSync(descriptor).ino;
    this.#path = path;
    this.#size = this.#headerLine.length;
    this.#openedAt = now;
    this.#checkedAt = now;
    onSegment(this.#number, this.#size);
  }

  /** Appending and exclusive: a segment is never written by two. */
  #createFile(): { readonly descriptor: number; readonly path: string } {
    const { files, directory, lane } = this.#options;
    for (;;) {
      const path = segmentPath(directory, toSegmentName(this.#number + 1, lane));
      try {
        const descriptor = files.openSync(path, 'ax', fileMode);
        this.#number += 1;
        return { descriptor, path };
      } catch (error) {
        if (errorCodeOf(error) === 'EEXIST') this.#number += 1;
        else if (errorCodeOf(error) === 'ENOENT') this.prepare();
        else throw error;
      }
    }
  }
}
