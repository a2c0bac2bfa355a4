import type { SegmentInfo } from '../journal/journal-listing.ts';
import { readSegmentLines, type SegmentRefusal } from '../journal/segment-lines.ts';
import type { BufferPool } from './buffer-pool.ts';
import { prepareStretch, type Stretch } from './stretch-shipping.ts';

/** A stretch made ready, or why there is none. */
export type Reading = Stretch | SegmentRefusal;

/** Reads stretches and makes them ready, one of them ahead: while the database is busy with one, the next is encoded. */
export class StretchReader {
  readonly #maxBytes: number;
  readonly #buffers: BufferPool;
  #ahead: { readonly path: string; readonly from: number; readonly reading: Promise<Reading> } | undefined;

  /** About how many bytes go into one stretch. */
  constructor(maxBytes: number, buffers: BufferPool) {
    this.#maxBytes = maxBytes;
    this.#buffers = buffers;
  }

  /** Begins to read what will probably be asked for next. */
  begin(segment: SegmentInfo, from: number): void {
    const reading = this.#read(segment, from);
    reading.catch(() => undefined);
    this.#ahead = { path: segment.path, from, reading };
  }

  /** The stretch of a segment that begins at `from`. */
  take(segment: SegmentInfo, from: number): Promise<Reading> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead?.path === segment.path && ahead.from === from ? ahead.reading : this.#read(segment, from);
  }

  /** Takes the memory of a stretch back, once nobody reads it any more. */
  release({ lines, encoded }: Stretch): void {
    this.#buffers.give(lines.memory);
    encoded?.release();
  }

  async #read({ path, isClosed }: SegmentInfo, from: number): Promise<Reading> {
    const allocate = (bytes: number) => this.#buffers.take(bytes);
    const lines = await readSegmentLines(path, { from, maxBytes: this.#maxBytes, isClosed, allocate });
    return lines.status === 'read' ? prepareStretch(lines, this.#buffers) : lines;
  }
}
