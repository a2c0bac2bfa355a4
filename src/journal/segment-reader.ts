import type { FileHandle } from 'node:fs/promises';
import { open, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SpanledgerError } from '../domain/errors.ts';
import type { JournalOwner } from '../projection/record.ts';
import { isAbsence } from './file-system.ts';
import { jsonOf, nextLine } from './frame.ts';
import { maxFrameBytes } from './frame-batch.ts';
import type { JournalEntry } from './journal.ts';
import { journalFormat, ownerFileName, parseSegmentFile } from './layout.ts';
import { decodeRecord } from './record-decoder.ts';
import { type HeaderReading, parseSegmentHeader } from './segment-header.ts';

/** Bytes of a segment that hold no record. They are skipped, and belong into the dead letters. */
export interface DamagedBytes {
  readonly start: number;
  readonly end: number;
  readonly reason: 'checksum' | 'too-long' | 'not-json' | 'not-a-record';
  /** The bytes themselves, the first 64 KiB of them. */
  readonly bytes: Uint8Array;
}

/** What a stretch of a segment holds. */
export interface SegmentStretch {
  readonly status: 'read';
  readonly owner: JournalOwner;
  readonly segment: string;
  readonly entries: readonly JournalEntry[];
  readonly damaged: readonly DamagedBytes[];
  /** Offset to go on from. */
  readonly to: number;
  /**
   * `more`: the segment goes on behind `to`. `end`: it ends there. `torn`: it ends in the middle of a line, which was
   * never acknowledged; if the owner lives and this is its last segment, the line may still be on its way.
   */
  readonly tail: 'more' | 'end' | 'torn';
  /** Bytes behind `to` that are no complete line. */
  readonly tornBytes: number;
}

export type SegmentRead =
  | SegmentStretch
  /** Written by a later version in a format this one does not know; nothing is guessed. */
  | { readonly status: 'newer'; readonly error: SpanledgerError }
  /** Neither the segment nor its directory says whose it is: an empty file, or one whose beginning is lost. */
  | { readonly status: 'unreadable'; readonly bytes: number }
  | { readonly status: 'absent' };

export interface ReadOptions {
  /** Offset to start at, one that an earlier read answered. Default 0. */
  readonly from?: number;
  /** About how much to read. A line longer than this is still read whole. Default 1 MiB. */
  readonly maxBytes?: number;
  /** The writer will not come back to this segment: a damaged last line is damage, not a line on its way. Default false. */
  readonly isClosed?: boolean;
  /** Only entries whose line holds these bytes; the others are not parsed. */
  readonly mention?: Buffer;
}

/**
 * Reads a stretch of a segment: its entries in order, and what is damaged between them.
 * @param source path of the segment
 */
export async function readSegment(source: string, options: ReadOptions = {}): Promise<SegmentRead> {
  let file: FileHandle;
  try {
    file = await open(source, 'r');
  } catch (error) {
    if (isAbsence(error)) return { status: 'absent' };
    throw error;
  }
  try {
    return await readOpenSegment(file, source, options);
  } finally {
    await file.close();
  }
}

/** The same for a file that is open already; a follower keeps it open, so that removal does not hide its end. */
export async function readOpenSegment(file: FileHandle, path: string, options: ReadOptions = {}): Promise<SegmentRead> {
  const { from = 0, maxBytes = 1024 * 1024, isClosed = false, mention } = options;
  const segment = parseSegmentFile(basename(path)) ?? basename(path);
  const head = await readHead(file);
  const header = head.reading.status === 'none' ? await readOwnerFile(path) : head.reading;
  if (header.status === 'newer') return { status: 'newer', error: newer(path, header.format) };
  if (header.status === 'none') return { status: 'unreadable', bytes: (await file.stat()).size };
  const start = Math.max(from, head.reading.status === 'known' ? head.end : 0);
  const chunk = await readChunk(file, start, maxBytes);
  return { status: 'read', segment, ...collect(chunk, { owner: header.header.owner, segment, isClosed, mention }) };
}

interface Chunk {
  readonly bytes: Buffer;
  /** Offset of the first byte in the file. */
  readonly start: number;
  /** Whether the file ends with these bytes. */
  readonly isLast: boolean;
}

interface Origin {
  readonly owner: JournalOwner;
  readonly segment: string;
  readonly isClosed: boolean;
  readonly mention: Buffer | undefined;
}

type Collected = Omit<SegmentStretch, 'status' | 'segment'>;

function collect(chunk: Chunk, { owner, segment, isClosed, mention }: Origin): Collected {
  const { bytes, start: base, isLast } = chunk;
  const entries: JournalEntry[] = [];
  const damaged: DamagedBytes[] = [];
  let at = 0;
  for (let line = nextLine(bytes, at); line !== undefined; line = nextLine(bytes, at)) {
    if (mention !== undefined && !bytes.subarray(line.start, line.end).includes(mention)) {
      at = line.end;
      continue;
    }
    const start = base + line.start;
    const end = base + line.end;
    const record = line.isWhole ? decodeRecord(jsonOf(bytes, line)) : 'checksum';
    if (typeof record !== 'string') entries.push({ record, owner, segment, start, end });
    else if (record === 'checksum' && isLast && line.end === bytes.length && !isClosed) break;
    else damaged.push({ start, end, reason: record, bytes: excerpt(bytes, line.start, line.end) });
    at = line.end;
  }
  const rest = bytes.length - at;
  if (rest > maxFrameBytes) {
    damaged.push({
      start: base + at,
      end: base + bytes.length,
      reason: 'too-long',
      bytes: excerpt(bytes, at, bytes.length),
    });
    return { owner, entries, damaged, to: base + bytes.length, tail: isLast ? 'end' : 'more', tornBytes: 0 };
  }
  return {
    owner,
    entries,
    damaged,
    to: base + at,
    tail: isLast ? (rest === 0 ? 'end' : 'torn') : 'more',
    tornBytes: isLast ? rest : 0,
  };
}

function excerpt(bytes: Buffer, start: number, end: number): Uint8Array {
  return Uint8Array.from(bytes.subarray(start, Math.min(end, start + 64 * 1024)));
}

/** Reads on until a line ends, the file does, or no line can be that long. */
async function readChunk(file: FileHandle, start: number, maxBytes: number): Promise<Chunk> {
  for (let size = Math.max(maxBytes, 1); ; size = Math.min(size * 4, maxFrameBytes + 1)) {
    const bytes = await readUpTo(file, start, size);
    if (bytes.length < size) return { bytes, start, isLast: true };
    if (bytes.includes(10) || size > maxFrameBytes) return { bytes, start, isLast: false };
  }
}

async function readUpTo(file: FileHandle, start: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(bytes, done, size - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

const maxHeaderBytes = 64 * 1024;

async function readHead(file: FileHandle): Promise<{ readonly reading: HeaderReading; readonly end: number }> {
  const bytes = await readUpTo(file, 0, maxHeaderBytes);
  const line = nextLine(bytes, 0);
  if (line?.isWhole !== true) return { reading: { status: 'none' }, end: 0 };
  return { reading: parseSegmentHeader(jsonOf(bytes, line)), end: line.end };
}

async function readOwnerFile(path: string): Promise<HeaderReading> {
  const text = await readFile(join(dirname(path), ownerFileName), 'utf8').catch(() => '');
  return parseSegmentHeader(text);
}

function newer(segment: string, found: number): SpanledgerError {
  return new SpanledgerError('JOURNAL_NEWER', { details: { segment, found, known: journalFormat } });
}
