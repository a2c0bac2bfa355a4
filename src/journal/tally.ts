import { type RecordClass, recordClasses } from '../projection/record.ts';
import type { JournalStats } from './journal.ts';
import { type LossReason, lossReasons } from './loss-reason.ts';

const classes = recordClasses.length;
const slots = {
  segment: 0,
  offset: 1,
  bytes: 2,
  produced: 3,
  appended: 3 + classes,
  waiting: 3 + 2 * classes,
  dropped: 3 + 3 * classes,
} as const;
const slotCount = slots.dropped + classes * lossReasons.length;

/** Bytes of memory that a tally needs. */
export const tallyBytes = slotCount * Float64Array.BYTES_PER_ELEMENT;

/** What the journal counts, without the error text. */
export type TallyReading = Omit<JournalStats, 'lastError'> & {
  /** Bytes of the segment that is being written. */
  readonly offset: number;
};

/**
 * The counters of a journal, in memory that a worker thread can share: it sees how far the file is while the main thread
 * is busy. Aligned 64-bit stores are whole on every platform that Node.js supports, so a reader sees old or new.
 */
export class Tally {
  readonly #slots: Float64Array;

  /** @param memory at least `tallyBytes` long; a `SharedArrayBuffer` if another thread is to read it. */
  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(tallyBytes)) {
    this.#slots = new Float64Array(memory, 0, slotCount);
  }

  produce(kind: number): void {
    this.#add(slots.produced + kind, 1);
  }

  append(kind: number): void {
    this.#add(slots.appended + kind, 1);
  }

  wait(kind: number, count: 1 | -1): void {
    this.#add(slots.waiting + kind, count);
  }

  drop(kind: number, reason: LossReason): void {
    this.#add(slots.dropped + kind * lossReasons.length + lossReasons.indexOf(reason), 1);
  }

  place(segment: number, offset: number): void {
    this.#slots[slots.segment] = segment;
    this.#slots[slots.offset] = offset;
  }

  grow(bytes: number): void {
    this.#add(slots.bytes, bytes);
  }

  read(): TallyReading {
    const byClass = <T>(value: (kind: number) => T): Record<RecordClass, T> =>
      Object.fromEntries(recordClasses.map((name, kind) => [name, value(kind)])) as Record<RecordClass, T>;
    const waitingByClass = byClass((kind) => this.#at(slots.waiting + kind));
    return {
      produced: byClass((kind) => this.#at(slots.produced + kind)),
      appended: byClass((kind) => this.#at(slots.appended + kind)),
      dropped: byClass((kind) => this.#losses(kind)),
      waiting: Object.values(waitingByClass).reduce((sum, count) => sum + count, 0),
      waitingByClass,
      bytes: this.#at(slots.bytes),
      segment: this.#at(slots.segment),
      offset: this.#at(slots.offset),
    };
  }

  #losses(kind: number): Record<string, number> {
    const counts = lossReasons.map((reason, index): [string, number] => [
      reason,
      this.#at(slots.dropped + kind * lossReasons.length + index),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  #at(slot: number): number {
    return this.#slots[slot] ?? 0;
  }

  #add(slot: number, count: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + count;
  }
}
