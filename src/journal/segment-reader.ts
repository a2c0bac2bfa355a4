import type { FileHandle } from 'node:fs/promises';
import type { JournalOwner } from '../projection/record.ts';
import { jsonOf } from './frame.ts';
import type { JournalEntry } from './journal.ts';
import { decodeRecord } from './record-decoder.ts';
import {
  type DamagedBytes,
  excerpt,
  type ReadOptions,
  readOpenSegmentLines,
  readSegmentLines,
  type SegmentLines,
  type SegmentRefusal,
  type StretchEnd,
} from './segment-lines.ts';

/** What a stretch of a segment holds. */
export interface SegmentStretch extends StretchEnd {
  readonly status: 'read';
  readonly owner: JournalOwner;
  readonly segment: string;
  readonly entries: readonly JournalEntry[];
  /** In order. */
  readonly damaged: readonly DamagedBytes[];
}

export type SegmentRead = SegmentStretch | SegmentRefusal;

/**
 * Reads a stretch of a segment: its entries in order, and what is damaged between them.
 * @param source path of the segment
 */
export async function readSegment(source: string, options: ReadOptions = {}): Promise<SegmentRead> {
  return decoded(await readSegmentLines(source, options));
}

/** The same for a file that is open already; a follower keeps it open, so that removal does not hide its end. */
export async function readOpenSegment(file: FileHandle, path: string, options: ReadOptions = {}): Promise<SegmentRead> {
  return decoded(await readOpenSegmentLines(file, path, options));
}

/** Makes entries of lines. */
export function decodeLines(lines: SegmentLines): SegmentStretch {
  const { owner, segment, bytes, base, starts, ends, to, tail, tornBytes } = lines;
  const entries: JournalEntry[] = [];
  const damaged = [...lines.damaged];
  for (const [index, at] of starts.entries()) {
    const next = ends[index] ?? at;
    const record = decodeRecord(jsonOf(bytes, { start: at, end: next, isWhole: true }));
    const [start, end] = [base + at, base + next];
    if (typeof record !== 'string') entries.push({ record, owner, segment, start, end });
    else damaged.push({ start, end, reason: record, bytes: excerpt(bytes, at, next) });
  }
  if (damaged.length > lines.damaged.length) damaged.sort((one, other) => one.start - other.start);
  return { status: 'read', owner, segment, entries, damaged, to, tail, tornBytes };
}

function decoded(read: SegmentLines | SegmentRefusal): SegmentRead {
  return read.status === 'read' ? decodeLines(read) : read;
}
