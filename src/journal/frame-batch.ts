import type { LedgerRecord } from '../projection/record.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { RecordEncoder } from './record-encoder.ts';

/** Longest line of a segment. What is longer is neither written nor read. */
export const maxFrameBytes = 16 * 1024 * 1024;

/** Frames that go to the file in one write, each with its class. Reused from write to write. */
export class FrameBatch {
  readonly #buffer = new FrameBuffer();
  readonly #encoder = new RecordEncoder();
  /** Both longer than `count` where an earlier batch had more: setting the length of a list costs as much as a frame. */
  readonly #ends: number[] = [];
  readonly #kinds: number[] = [];
  #count = 0;

  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  get length(): number {
    return this.#buffer.length;
  }

  get count(): number {
    return this.#count;
  }

  kindOf(index: number): number {
    return this.#kinds[index] ?? 0;
  }

  frame(index: number): Uint8Array {
    return this.#buffer.bytes.subarray(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }

  /** How many frames end at or before `offset`, and where the last of them ends. */
  wholeFramesUpTo(offset: number): { readonly count: number; readonly end: number } {
    let count = 0;
    while (count < this.#count && (this.#ends[count] ?? 0) <= offset) count += 1;
    return { count, end: count === 0 ? 0 : (this.#ends[count - 1] ?? 0) };
  }

  clear(): void {
    this.#buffer.clear();
    this.#count = 0;
  }

  /** Encodes a record; answers false, and leaves the batch as it was, if the record cannot be encoded. */
  add(kind: number, record: LedgerRecord): boolean {
    this.#buffer.beginFrame();
    try {
      this.#encoder.encode(this.#buffer, record);
      if (this.#buffer.endFrame() > maxFrameBytes) throw new RangeError('The record is too long.');
    } catch {
      this.#buffer.abandonFrame();
      return false;
    }
    this.#added(kind);
    return true;
  }

  /** Adds a frame that was encoded before. */
  addFrame(kind: number, frame: Uint8Array): void {
    this.#buffer.addFrame(frame);
    this.#added(kind);
  }

  #added(kind: number): void {
    this.#ends[this.#count] = this.#buffer.length;
    this.#kinds[this.#count] = kind;
    this.#count += 1;
  }
}
