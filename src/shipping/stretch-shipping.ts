import { appendDeadLetters, type DeadLetter } from '../journal/dead-letters.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { DamagedBytes, SegmentLines } from '../journal/segment-lines.ts';
import { decodeLines } from '../journal/segment-reader.ts';
import type { JournalOwner } from '../projection/record.ts';
import { rowsOf } from '../projection/rows.ts';
import type { Row } from '../projection/tables.ts';
import type { BufferPool } from './buffer-pool.ts';
import { CopyEncodingError } from './copy-encoder.ts';
import type { DoubtfulShipments, SegmentPlace, ShippedPart } from './doubtful-shipments.ts';
import { type EncodedLines, encodeLines } from './line-encoding.ts';
import type { LedgerStore, ShipResult } from './store.ts';

/** Where a stretch goes, and where what no store accepts goes. */
export interface StretchTarget {
  readonly directory: string;
  readonly store: LedgerStore;
  /** Microseconds since the epoch. */
  readonly now: () => number;
  /** Called for each part that was stored. */
  readonly onStored: (part: ShippedPart) => void;
  /** Shipments of which no answer came. */
  readonly doubtful: DoubtfulShipments;
}

/** Part of a segment, read and made ready to be stored. */
export interface Stretch {
  readonly status: 'read';
  readonly lines: SegmentLines;
  /** Absent where a value of one of the records does not fit its column: then they are stored by parts. */
  readonly encoded: EncodedLines | undefined;
}

/** Part of a segment between two offsets: what is to be stored of it, and what cannot be. */
interface Part {
  readonly owner: JournalOwner;
  readonly segment: string;
  readonly from: number;
  readonly to: number;
  readonly entries: readonly JournalEntry[];
  readonly damaged: readonly DamagedBytes[];
}

/** Stored or elsewhere, each with the offset to go on from; out of turn; or unavailable. */
export type StretchResult = Exclude<ShipResult, { status: 'refused' }>;

/** Does what can be done before the database is asked. */
export async function prepareStretch(lines: SegmentLines, buffers?: BufferPool): Promise<Stretch> {
  try {
    return { status: 'read', lines, encoded: await encodeLines(lines, buffers) };
  } catch (error) {
    if (error instanceof CopyEncodingError) return { status: 'read', lines, encoded: undefined };
    throw error;
  }
}

/**
 * Stores a stretch of a segment that begins at the store's own offset `from`; behind another one, where `after` tells whether that
 * one gets stored. Rows that the database refuses are halved until the records at fault are found; these go to the dead letters,
 * safely before the offset moves over them.
 *
 * @throws what the file system says when a dead letter cannot be written; the offset has not moved then.
 */
export async function shipStretch(
  target: StretchTarget,
  { lines, encoded }: Stretch,
  { from, after }: { readonly from: number; readonly after: Promise<boolean> | undefined },
): Promise<StretchResult> {
  if (encoded !== undefined) {
    const { records, damaged } = encoded;
    const part = { ...lines, from, entries: [], damaged };
    await keepDamaged(target, part);
    const result = await store(target, part, { records, deadLetters: damaged.length, rows: [], encoded, after });
    if (result.status !== 'refused') return result;
  }
  if (after !== undefined && !(await after)) return { status: 'out-of-turn' };
  const { entries, damaged } = decodeLines(lines);
  return shipPart(target, { ...lines, from, entries, damaged });
}

async function shipPart(target: StretchTarget, part: Part): Promise<StretchResult> {
  const { entries, damaged } = part;
  await keepDamaged(target, part);
  const rows = rowsOfEntries(entries);
  const result = await store(target, part, { records: entries.length, deadLetters: damaged.length, rows });
  if (result.status !== 'refused') return result;
  const [entry] = entries;
  if (entry === undefined) return { ...result, status: 'unavailable' };
  if (entries.length > 1) return shipHalves(target, part);
  await appendDeadLetters(target.directory, [refusedLetter(target, part, entry, result)]);
  const passed = await store(target, part, { records: 0, deadLetters: damaged.length + 1, rows: [] });
  return passed.status === 'refused' ? { ...passed, status: 'unavailable' } : passed;
}

/** What is damaged has its letters by now; it counts with the half it lies in. */
async function shipHalves(target: StretchTarget, part: Part): Promise<StretchResult> {
  const { entries, damaged } = part;
  const middle = Math.ceil(entries.length / 2);
  const split = entries[middle - 1]?.end ?? part.to;
  const before = damaged.filter(({ start }) => start < split);
  const first = await shipPart(target, { ...part, to: split, entries: entries.slice(0, middle), damaged: before });
  if (first.status !== 'stored') return first;
  const after = damaged.filter(({ start }) => start >= split);
  return shipPart(target, { ...part, from: split, entries: entries.slice(middle), damaged: after });
}

interface Content {
  readonly records: number;
  readonly deadLetters: number;
  readonly rows: readonly Row[];
  readonly encoded?: EncodedLines;
  readonly after?: Promise<boolean> | undefined;
}

async function store(target: StretchTarget, part: Part, { after, ...content }: Content): Promise<ShipResult> {
  const { owner, segment, from, to } = part;
  const turn = after === undefined ? {} : { after };
  const result = await target.store.ship({ owner, segment, from, to, ...content, ...turn });
  const place = { instanceId: owner.instanceId, segment };
  const shipped = { records: content.records, deadLetters: content.deadLetters, bytes: to - from };
  if (result.status === 'unavailable') target.doubtful.add(place, { from, to, part: shipped });
  if (result.status === 'elsewhere') noteOffset(target, place, result.offset);
  if (result.status === 'stored') {
    target.doubtful.refute(place, to);
    target.onStored(shipped);
  }
  return result;
}

/** Counts what turns out to be stored. */
export function noteOffset({ doubtful, onStored }: StretchTarget, place: SegmentPlace, offset: number): void {
  for (const part of doubtful.settle(place, offset)) onStored(part);
}

async function keepDamaged(target: StretchTarget, part: Part): Promise<void> {
  if (part.damaged.length === 0) return;
  const letters = part.damaged.map((bytes) => damagedLetter(target, part, bytes));
  await appendDeadLetters(target.directory, letters);
}

function rowsOfEntries(entries: readonly JournalEntry[]): readonly Row[] {
  const rows: Row[] = [];
  for (const { record, owner } of entries) rows.push(...rowsOf(record, owner));
  return rows;
}

function refusedLetter(
  { now }: StretchTarget,
  { segment }: Part,
  { record, owner, start, end }: JournalEntry,
  { code, message }: { readonly code: string; readonly message: string },
): DeadLetter {
  return { at: now(), code, reason: message, owner, segment, start, end, record };
}

function damagedLetter({ now }: StretchTarget, { owner, segment }: Part, damaged: DamagedBytes): DeadLetter {
  const { start, end, reason, bytes } = damaged;
  const base64 = Buffer.from(bytes).toString('base64');
  return {
    at: now(),
    code: reason,
    reason: `${end - start} bytes are no record`,
    owner,
    segment,
    start,
    end,
    bytes: base64,
  };
}
