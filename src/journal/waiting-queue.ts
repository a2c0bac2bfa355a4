import { recordClasses } from '../projection/record.ts';

interface WaitingFrame {
  readonly kind: number;
  /** `undefined` once it has been dropped. */
  frame: Uint8Array | undefined;
}

/** Memory that a waiting frame takes beside its bytes, measured at about 130 bytes. */
const frameOverheadBytes = 160;

/**
 * Frames that the disk refused, in order, within a memory limit. What no longer fits is dropped by class: requests go
 * before progress, audit last; within a class the oldest goes first, but an audit frame never makes way for another.
 */
export class WaitingQueue {
  readonly #maxBytes: number;
  readonly #onDrop: (kind: number) => void;
  #frames: WaitingFrame[] = [];
  #first = 0;
  /** For each class, where its oldest frame may be found at the earliest. */
  readonly #oldest = recordClasses.map(() => 0);
  #bytes = 0;
  #count = 0;

  /** @param onDrop called for each frame that was in the queue and is dropped. */
  constructor(maxBytes: number, onDrop: (kind: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy of the frame; answers false, and keeps nothing of it, where it does not fit. */
  push(kind: number, frame: Uint8Array): boolean {
    const needed = frame.length + frameOverheadBytes;
    while (this.#bytes + needed > this.#maxBytes) {
      if (!this.#dropBelow(kind)) return false;
    }
    // What was dropped leaves its place behind: a disk that refuses for days must not fill the memory with these.
    if (this.#frames.length > 1_024 && this.#frames.length > 2 * this.#count) this.#compact();
    this.#frames.push({ kind, frame: Uint8Array.from(frame) });
    this.#bytes += needed;
    this.#count += 1;
    return true;
  }

  /** The frames that come next, oldest first, until `take` answers false. They stay until `shift` removes them. */
  peek(take: (kind: number, frame: Uint8Array) => boolean): void {
    for (let index = this.#first; index < this.#frames.length; index += 1) {
      const waiting = this.#frames[index];
      if (waiting?.frame !== undefined && !take(waiting.kind, waiting.frame)) return;
    }
  }

  /** Removes the oldest frame. */
  shift(): void {
    while (this.#first < this.#frames.length) {
      const waiting = this.#frames[this.#first];
      this.#first += 1;
      if (waiting?.frame === undefined) continue;
      this.#forget(waiting);
      break;
    }
    if (this.#first > 1_024 && this.#first * 2 > this.#frames.length) this.#compact();
  }

  /** Empties the queue, every frame dropped. */
  dropAll(): void {
    for (const waiting of this.#frames) {
      if (waiting.frame === undefined) continue;
      this.#forget(waiting);
      this.#onDrop(waiting.kind);
    }
    this.#frames = [];
    this.#first = 0;
    this.#oldest.fill(0);
  }

  /** Drops the oldest frame of a class that goes before `kind`, or of `kind` itself if that is not the last class. */
  #dropBelow(kind: number): boolean {
    const lastClass = recordClasses.length - 1;
    for (let candidate = 0; candidate <= Math.min(kind, lastClass - 1); candidate += 1) {
      const waiting = this.#oldestOf(candidate);
      if (waiting === undefined) continue;
      this.#forget(waiting);
      this.#onDrop(candidate);
      return true;
    }
    return false;
  }

  #oldestOf(kind: number): WaitingFrame | undefined {
    let index = Math.max(this.#oldest[kind] ?? 0, this.#first);
    for (; index < this.#frames.length; index += 1) {
      const waiting = this.#frames[index];
      if (waiting?.frame !== undefined && waiting.kind === kind) break;
    }
    this.#oldest[kind] = index;
    return this.#frames[index];
  }

  #forget(waiting: WaitingFrame): void {
    this.#bytes -= (waiting.frame?.length ?? 0) + frameOverheadBytes;
    this.#count -= 1;
    waiting.frame = undefined;
  }

  #compact(): void {
    this.#frames = this.#frames.filter(({ frame }) => frame !== undefined);
    this.#first = 0;
    this.#oldest.fill(0);
  }
}
