import type { FileHandle } from 'node:fs/promises';
import { open, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SpanledgerError } from '../domain/errors.ts';
import type { JournalOwner } from '../projection/record.ts';
import { isAbsence } from './file-system.ts';
import { jsonOf, nextLine } from './frame.ts';
import { maxFrameBytes } from './frame-batch.ts';
import { journalFormat, ownerFileName, parseSegmentFile } from './layout.ts';
import { type HeaderReading, parseSegmentHeader } from './segment-header.ts';

/** Bytes of a segment that hold no record. They are skipped, and belong into the dead letters. */
export interface DamagedBytes {
  readonly start: number;
  readonly end: number;
  readonly reason: 'checksum' | 'too-long' | 'not-json' | 'not-a-record';
  /** The bytes themselves, the first 64 KiB of them. */
  readonly bytes: Uint8Array;
}

/** Where a stretch of a segment ends, and what follows. */
export interface StretchEnd {
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

/** A stretch of a segment as lines whose checksums fit, not decoded. */
export interface SegmentLines extends StretchEnd {
  readonly status: 'read';
  readonly owner: JournalOwner;
  readonly segment: string;
  readonly bytes: Buffer;
  /** What `bytes` are a part of, as `allocate` gave it. */
  readonly memory: Buffer;
  /** Offset of the first byte in the file. */
  readonly base: number;
  /** Where each line begins in `bytes`, and where the next one does. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly damaged: readonly DamagedBytes[];
}

/** What keeps a segment from being read. */
export type SegmentRefusal =
  /** Written by a later version in a format this one does not know; nothing is guessed. */
  | { readonly status: 'newer'; readonly error: SpanledgerError }
  /** Neither the segment nor its directory says whose it is: an empty file, or one whose beginning is lost. */
  | { readonly status: 'unreadable'; readonly bytes: number }
  | { readonly status: 'absent' };

/** What is to be said of a segment of which nothing can be made, if anything is: one that is gone or empty holds nothing. */
export function reasonOfRefusal(path: string, refusal: SegmentRefusal): string | undefined {
  if (refusal.status === 'newer') return refusal.error.message;
  if (refusal.status === 'absent' || refusal.bytes === 0) return undefined;
  return `${path} does not say whose it is (${refusal.bytes} bytes).`;
}

export interface ReadOptions {
  /** Offset to start at, one that an earlier read answered. Default 0. */
  readonly from?: number;
  /** About how much to read. A line longer than this is still read whole. Default 1 MiB. */
  readonly maxBytes?: number;
  /** The writer will not come back to this segment: a damaged last line is damage, not a line on its way. Default false. */
  readonly isClosed?: boolean;
  /** Memory of at least so many bytes; default: new memory. */
  readonly allocate?: (bytes: number) => Buffer;
  /** Only entries whose line holds these bytes; the others are not parsed. */
  readonly mention?: Buffer;
}

/**
 * Reads a stretch of a segment as lines.
 * @param source path of the segment
 */
export async function readSegmentLines(
  source: string,
  options: ReadOptions = {},
): Promise<SegmentLines | SegmentRefusal> {
  let file: FileHandle;
  try {
    file = await open(source, 'r');
  } catch (error) {
    if (isAbsence(error)) return { status: 'absent' };
    throw error;
  }
  try {
    return await readOpenSegmentLines(file, source, options);
  } finally {
    await file.close();
  }
}

/** The same for a file that is open already. */
export async function readOpenSegmentLines(
  file: FileHandle,
  path: string,
  options: ReadOptions = {},
): Promise<SegmentLines | SegmentRefusal> {
  const { from = 0, maxBytes = 1024 * 1024, isClosed = false, mention, allocate = Buffer.allocUnsafe } = options;
  const segment = parseSegmentFile(basename(path)) ?? basename(path);
  const head = await readHead(file);
  const header = head.reading.status === 'none' ? await readOwnerFile(path) : head.reading;
  if (header.status === 'newer') return { status: 'newer', error: newer(path, header.format) };
  if (header.status === 'none') return { status: 'unreadable', bytes: (await file.stat()).size };
  const start = Math.max(from, head.reading.status === 'known' ? head.end : 0);
  const chunk = await readChunk(file, { base: start, maxBytes, allocate });
  return { status: 'read', owner: header.header.owner, segment, ...linesOf(chunk, isClosed, mention) };
}

/** A copy of damaged bytes, not too long. */
export function excerpt(bytes: Buffer, start: number, end: number): Uint8Array {
  return Uint8Array.from(bytes.subarray(start, Math.min(end, start + 64 * 1024)));
}

interface Chunk {
  readonly bytes: Buffer;
  readonly memory: Buffer;
  /** Offset of the first byte in the file. */
  readonly base: number;
  /** Whether the file ends with these bytes. */
  readonly isLast: boolean;
}

type Lines = Omit<SegmentLines, 'status' | 'owner' | 'segment'>;

function linesOf(chunk: Chunk, isClosed: boolean, mention: Buffer | undefined): Lines {
  const { bytes, memory, base, isLast } = chunk;
  const starts: number[] = [];
  const ends: number[] = [];
  const damaged: DamagedBytes[] = [];
  let at = 0;
  for (let line = nextLine(bytes, at); line !== undefined; line = nextLine(bytes, at)) {
    const { start, end } = line;
    if (mention === undefined || bytes.subarray(start, end).includes(mention)) {
      if (line.isWhole) {
        starts.push(start);
        ends.push(end);
      } else if (isLast && end === bytes.length && !isClosed) break;
      else
        damaged.push({ start: base + start, end: base + end, reason: 'checksum', bytes: excerpt(bytes, start, end) });
    }
    at = end;
  }
  return { bytes, memory, base, starts, ends, damaged, ...endOf(chunk, at, damaged) };
}

/** A line that is longer than any can be is damage, of which there may be more behind. */
function endOf({ bytes, base, isLast }: Chunk, at: number, damaged: DamagedBytes[]): StretchEnd {
  const end = base + bytes.length;
  const rest = bytes.length - at;
  if (rest > maxFrameBytes) {
    damaged.push({ start: base + at, end, reason: 'too-long', bytes: excerpt(bytes, at, bytes.length) });
    return { to: end, tail: isLast ? 'end' : 'more', tornBytes: 0 };
  }
  const tail = isLast ? (rest === 0 ? 'end' : 'torn') : 'more';
  return { to: base + at, tail, tornBytes: isLast ? rest : 0 };
}

interface Place {
  readonly base: number;
  readonly maxBytes: number;
  readonly allocate: (bytes: number) => Buffer;
}

/** Reads on until a line ends, the file does, or no line can be that long. */
async function readChunk(file: FileHandle, { base, maxBytes, allocate }: Place): Promise<Chunk> {
  for (let size = Math.max(maxBytes, 1); ; size = Math.min(size * 4, maxFrameBytes + 1)) {
    const memory = allocate(size);
    const bytes = await readInto(file, base, memory.subarray(0, size));
    if (bytes.length < size) return { bytes, memory, base, isLast: true };
    if (bytes.includes(10) || size > maxFrameBytes) return { bytes, memory, base, isLast: false };
  }
}

/** As many bytes as there are, and go into `bytes`. */
async function readInto(file: FileHandle, start: number, bytes: Buffer): Promise<Buffer> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

const usualHeaderBytes = 2 * 1024;
const maxHeaderBytes = 64 * 1024;

async function readHead(file: FileHandle): Promise<{ readonly reading: HeaderReading; readonly end: number }> {
  let bytes = await readInto(file, 0, Buffer.allocUnsafe(usualHeaderBytes));
  let line = nextLine(bytes, 0);
  if (line === undefined && bytes.length === usualHeaderBytes) {
    bytes = await readInto(file, 0, Buffer.allocUnsafe(maxHeaderBytes));
    line = nextLine(bytes, 0);
  }
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
