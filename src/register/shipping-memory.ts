import { Tally, tallyBytes } from '../journal/tally.ts';
import type { Pulse } from './journal-keeping.ts';

const slots = { records: 0, bytes: 1 } as const;

/** What the main thread and the courier thread tell each other without waiting for one another. */
export interface ShippingMemory {
  /** Counters of the journal, kept by the main thread. */
  readonly tally: SharedArrayBuffer;
  /** The pulse of the main thread. */
  readonly pulse: Pulse;
  /** What the courier has shipped. */
  readonly shipped: Float64Array;
}

export function createShippingMemory(): ShippingMemory {
  const numbers = (count: number) => new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
  return { tally: new SharedArrayBuffer(tallyBytes), pulse: numbers(1), shipped: numbers(2) };
}

/** Notes what a pass has stored. When it caught up, all that the journal holds by now counts as shipped. */
export function noteShipped(memory: ShippingMemory, records: number, isCaughtUp: boolean): void {
  const { shipped } = memory;
  shipped[slots.records] = shippedRecords(memory) + records;
  if (isCaughtUp) shipped[slots.bytes] = new Tally(memory.tally).read().bytes;
}

/** Records that this process has stored in the database, those it adopted included. */
export function shippedRecords({ shipped }: ShippingMemory): number {
  return shipped[slots.records] ?? 0;
}

/** Bytes that were appended since everything was shipped last. */
export function unshippedBytes({ tally, shipped }: ShippingMemory): number {
  return Math.max(0, new Tally(tally).read().bytes - (shipped[slots.bytes] ?? 0));
}
