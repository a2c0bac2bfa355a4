import type { Capacity } from './capacity.ts';
import type { JournalClock } from './clock.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import { FrameBatch } from './frame-batch.ts';
import type { SegmentSync } from './segment-sync.ts';
import type { SegmentWriter } from './segment-writer.ts';
import type { Tally } from './tally.ts';
import { WaitingQueue } from './waiting-queue.ts';

export interface PatientWriterOptions {
  readonly writer: SegmentWriter;
  readonly tally: Tally;
  readonly capacity: Capacity;
  readonly sync: SegmentSync;
  readonly trouble: DiskTrouble;
  readonly clock: JournalClock;
  readonly maxWaitingBytes: number;
  readonly retryMillis: number;
}

const maxBatchBytes = 1024 * 1024;

/**
 * A segment writer that keeps what the disk refuses, in order, and writes it as soon as the disk accepts it again: on a
 * later append, by a timer, or when asked. Accounts for every frame.
 */
export class PatientWriter {
  readonly #options: PatientWriterOptions;
  readonly #again = new FrameBatch();
  readonly #waiting: WaitingQueue;
  readonly #closing = new AbortController();
  #isPacing = false;
  #attemptedAt = 0;

  constructor(options: PatientWriterOptions) {
    this.#options = options;
    const { tally, trouble } = options;
    this.#waiting = new WaitingQueue(options.maxWaitingBytes, (kind) => {
      tally.wait(kind, -1);
      tally.drop(kind, trouble.lossReason);
    });
  }

  write(batch: FrameBatch): void {
    const now = this.#options.clock.now();
    const isQueueing = this.#waiting.size > 0;
    this.#keep(batch, isQueueing ? 0 : this.#attempt(batch, now));
    if (isQueueing && Math.abs(now - this.#attemptedAt) >= this.#options.retryMillis) this.#drain(now);
  }

  retry(): void {
    this.#drain(this.#options.clock.now());
  }

  close(): void {
    this.retry();
    this.#waiting.dropAll();
    this.#closing.abort();
    this.#options.writer.close();
  }

  /** Writes a batch and answers how many of its frames are in the file. */
  #attempt(batch: FrameBatch, now: number): number {
    const { writer, tally, capacity, sync, trouble } = this.#options;
    const { count, bytes, error } = writer.write(batch, now);
    for (let index = 0; index < count; index += 1) tally.append(batch.kindOf(index));
    if (bytes > 0) {
      capacity.grow(bytes);
      tally.grow(bytes);
      tally.place(writer.segment, writer.size);
      sync.mark(writer.path);
    }
    if (error === undefined) trouble.end();
    else {
      this.#attemptedAt = now;
      trouble.begin(error);
    }
    return count;
  }

  /** Queues the frames of a batch from `first` on. */
  #keep(batch: FrameBatch, first: number): void {
    const { tally, trouble } = this.#options;
    for (let index = first; index < batch.count; index += 1) {
      const kind = batch.kindOf(index);
      if (this.#waiting.push(kind, batch.frame(index))) tally.wait(kind, 1);
      else tally.drop(kind, trouble.lossReason);
    }
    if (this.#waiting.size > 0 && !this.#isPacing) void this.#pace();
  }

  /** Writes what waits until nothing does or the disk refuses. */
  #drain(now: number): void {
    const batch = this.#again;
    while (this.#waiting.size > 0) {
      batch.clear();
      this.#waiting.peek((kind, frame) => {
        batch.addFrame(kind, frame);
        return batch.length < maxBatchBytes;
      });
      const written = this.#attempt(batch, now);
      for (let index = 0; index < written; index += 1) {
        this.#waiting.shift();
        this.#options.tally.wait(batch.kindOf(index), -1);
      }
      if (written < batch.count) break;
    }
    batch.clear();
  }

  async #pace(): Promise<void> {
    this.#isPacing = true;
    const { clock, retryMillis } = this.#options;
    while (this.#waiting.size > 0 && !this.#closing.signal.aborted) {
      await clock.sleep(retryMillis, this.#closing.signal);
      if (!this.#closing.signal.aborted) this.#drain(clock.now());
    }
    this.#isPacing = false;
  }
}
