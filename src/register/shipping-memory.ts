import { createSharedTally, Tally, type TallyReading } from '../journal/tally.ts';
import { createWatchMemory, type WatchMemory } from '../watchdog/watch-memory.ts';
import type { Pulse } from './journal-keeping.ts';

const slots = {
  records: 0,
  bytes: 1,
  appended: 2,
  emptyAt: 3,
  refused: 4,
  failures: 5,
  clockOffset: 6,
  schemaFaults: 7,
  stuckUnits: 8,
  waitingUnits: 9,
} as const;

/** What only the database can tell. */
const asked = [slots.clockOffset, slots.schemaFaults, slots.stuckUnits, slots.waitingUnits];

/** What the main thread and the courier thread tell each other without waiting for one another. */
export interface ShippingMemory {
  /** Counters of the journal, kept by the main thread and, for its own lane, by the watchdog. */
  readonly tally: SharedArrayBuffer;
  /** The pulse of the main thread. */
  readonly pulse: Pulse;
  /** What the courier has shipped. */
  readonly shipped: Float64Array;
  /** What the watchdog has to tell; empty where there is none. */
  readonly watch: WatchMemory;
}

/** What of it is counted. */
export type ShippingCounters = Pick<ShippingMemory, 'tally' | 'pulse' | 'shipped'>;

export function createShippingMemory(): ShippingMemory {
  const numbers = (count: number) => new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
  const shipped = numbers(Object.keys(slots).length);
  shipped[slots.emptyAt] = Date.now();
  // Not looked at yet.
  for (const slot of asked) shipped[slot] = Number.NaN;
  return { tally: createSharedTally(), pulse: numbers(1), shipped, watch: createWatchMemory() };
}

/** What a pass has done, as far as it is counted. */
export interface PassCounts {
  readonly status: 'caught-up' | 'unavailable' | 'aborted';
  readonly records: number;
  readonly deadLetters: number;
}

/** Notes what a pass has stored. When it caught up, all that the journal holds by now counts as shipped. */
export function noteShipped(memory: ShippingCounters, pass: PassCounts, now = Date.now()): void {
  const { shipped } = memory;
  shipped[slots.records] = shippedRecords(memory) + pass.records;
  shipped[slots.refused] = refusedRecords(memory) + pass.deadLetters;
  if (pass.status === 'unavailable') shipped[slots.failures] = shipFailures(memory) + 1;
  if (pass.status !== 'caught-up') return;
  const tally = new Tally(memory.tally).read();
  shipped[slots.bytes] = tally.bytes;
  shipped[slots.appended] = appendedRecords(tally);
  shipped[slots.emptyAt] = now;
}

/** Notes that nothing waits, if that is so. Called once a second, so that the age of what waits is known as exactly. */
export function noteEmpty(memory: ShippingCounters, now = Date.now()): void {
  if (unshippedBytes(memory) === 0) memory.shipped[slots.emptyAt] = now;
}

/** How the database was found: seconds its clock is ahead of ours, and faults of its schema. */
export function noteDatabase(
  memory: ShippingCounters,
  found: { clockOffsetSeconds: number; schemaFaults: number },
): void {
  memory.shipped[slots.clockOffset] = found.clockOffsetSeconds;
  memory.shipped[slots.schemaFaults] = found.schemaFaults;
}

/** Open units of this process by verdict; absent where the database could not say. */
export interface JudgedUnits {
  readonly stuck?: number | undefined;
  readonly waiting?: number | undefined;
}

/** How the database judged the open units of this process. */
export function noteVerdicts({ shipped }: ShippingCounters, { stuck, waiting }: JudgedUnits): void {
  shipped[slots.stuckUnits] = stuck ?? Number.NaN;
  shipped[slots.waitingUnits] = waiting ?? Number.NaN;
}

export function judgedUnits({ shipped }: ShippingCounters): JudgedUnits {
  return { stuck: known(shipped[slots.stuckUnits]), waiting: known(shipped[slots.waitingUnits]) };
}

/** Records that this process has stored in the database, those it adopted included. */
export function shippedRecords({ shipped }: ShippingCounters): number {
  return shipped[slots.records] ?? 0;
}

/** Records that the database refused; they are in the dead letters. */
export function refusedRecords({ shipped }: ShippingCounters): number {
  return shipped[slots.refused] ?? 0;
}

/** Passes that ended because the database was not available. */
export function shipFailures({ shipped }: ShippingCounters): number {
  return shipped[slots.failures] ?? 0;
}

/** Bytes that were appended since everything was shipped last. */
export function unshippedBytes({ tally, shipped }: ShippingCounters): number {
  return Math.max(0, new Tally(tally).read().bytes - (shipped[slots.bytes] ?? 0));
}

/** Records that were appended since everything was shipped last. */
export function unshippedRecords({ tally, shipped }: ShippingCounters): number {
  return Math.max(0, appendedRecords(new Tally(tally).read()) - (shipped[slots.appended] ?? 0));
}

/** For how long something has waited, in seconds, to the second; 0 when nothing does. */
export function waitingSeconds(memory: ShippingCounters, now = Date.now()): number {
  const emptyAt = memory.shipped[slots.emptyAt] ?? 0;
  return unshippedBytes(memory) === 0 ? 0 : Math.max(0, now - emptyAt) / 1000;
}

/** Seconds by which the clock of the database is ahead of ours, when it was looked at last, if it was. */
export function clockOffsetSeconds({ shipped }: ShippingCounters): number | undefined {
  return known(shipped[slots.clockOffset]);
}

/** Differences between the schema and the migrations, when they were looked for last, if they were. */
export function schemaFaults({ shipped }: ShippingCounters): number | undefined {
  return known(shipped[slots.schemaFaults]);
}

function known(value: number | undefined): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function appendedRecords({ appended }: Pick<TallyReading, 'appended'>): number {
  return Object.values(appended).reduce((sum, count) => sum + count, 0);
}
