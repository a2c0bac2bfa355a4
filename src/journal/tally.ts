import { type RecordClass, recordClasses } from '../projection/record.ts';
import type { JournalStats } from './journal.ts';
import type { Lane } from './layout.ts';
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

/** Bytes of memory that the counters of one lane need. */
export const tallyBytes = slotCount * Float64Array.BYTES_PER_ELEMENT;

/** The lanes that have counters in one memory, in their order. */
const tallyLanes: readonly Lane[] = ['main', 'watch'];

/** Memory for the counters of all lanes of a process, each of which is written by another thread. */
export function createSharedTally(): SharedArrayBuffer {
  return new SharedArrayBuffer(tallyBytes * tallyLanes.length);
}

/** What the journal counts, without the error text. */
export type TallyReading = Omit<JournalStats, 'lastError'> & {
  /** Bytes of the segment that is being written, of the own lane. */
  readonly offset: number;
};

/**
 * The counters of a journal, in memory that a worker thread can share: it sees how far the file is while the main thread
 * is busy. Aligned 64-bit stores are whole on every platform that Node.js supports, so a reader sees old or new. An addition is not one
 * store, so each lane has counters of its own, and what is read is their sum.
 */
export class Tally {
  readonly #slots: Float64Array;
  readonly #lanes: readonly Float64Array[];

  /**
   * @param memory that of `createSharedTally` if other threads are to read it, or `tallyBytes` long if there is but one lane
   * @param lane the one that is counted here
   */
  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(tallyBytes), lane: Lane = 'main') {
    const count = Math.floor(memory.byteLength / tallyBytes);
    this.#lanes = Array.from({ length: count }, (_, place) => new Float64Array(memory, place * tallyBytes, slotCount));
    const own = this.#lanes[count > 1 ? tallyLanes.indexOf(lane) : 0];
    if (own === undefined)
      throw new RangeError(`${memory.byteLength} bytes are too few for the counters of a journal.`);
    this.#slots = own;
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

  /** What all lanes have counted. */
  read(): TallyReading {
    const byClass = <T>(value: (kind: number) => T): Record<RecordClass, T> =>
      Object.fromEntries(recordClasses.map((name, kind) => [name, value(kind)])) as Record<RecordClass, T>;
    const waitingByClass = byClass((kind) => this.#sumAt(slots.waiting + kind));
    return {
      produced: byClass((kind) => this.#sumAt(slots.produced + kind)),
      appended: byClass((kind) => this.#sumAt(slots.appended + kind)),
      dropped: byClass((kind) => this.#losses(kind)),
      waiting: Object.values(waitingByClass).reduce((sum, count) => sum + count, 0),
      waitingByClass,
      bytes: this.#sumAt(slots.bytes),
      segment: this.#slots[slots.segment] ?? 0,
      offset: this.#slots[slots.offset] ?? 0,
    };
  }

  #losses(kind: number): Record<string, number> {
    const counts = lossReasons.map((reason, index): [string, number] => [
      reason,
      this.#sumAt(slots.dropped + kind * lossReasons.length + index),
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  #sumAt(slot: number): number {
    let sum = 0;
    for (const lane of this.#lanes) sum += lane[slot] ?? 0;
    return sum;
  }

  #add(slot: number, count: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + count;
  }
}
