import { SpanledgerError } from '../domain/errors.ts';
import type { JournalInfo, SegmentInfo } from '../journal/journal-listing.ts';
import { removeSegment } from '../journal/journal-removal.ts';
import { readSegmentLines, reasonOfRefusal, type SegmentRefusal } from '../journal/segment-lines.ts';
import { isMarkedShipped, markShipped } from '../journal/shipping-mark.ts';
import { wholeSegment } from './ship-statements.ts';
import type { Reading, StretchReader } from './stretch-reader.ts';
import { noteOffset, type Stretch, type StretchResult, type StretchTarget, shipStretch } from './stretch-shipping.ts';

/** Why shipping of a segment stopped. */
export type SegmentResult =
  /** Everything that was in it when it was listed is stored. */
  | { readonly status: 'stored'; readonly offset: number; readonly isRemoved: boolean }
  /** Nothing can be made of it; it stays where it is. */
  | { readonly status: 'unreadable'; readonly message: string }
  | { readonly status: 'unavailable'; readonly code: string; readonly message: string; readonly action?: string }
  /** What was sent before it was not stored. */
  | { readonly status: 'out-of-turn' }
  | { readonly status: 'aborted' };

export interface SegmentTask {
  readonly target: StretchTarget;
  readonly journal: JournalInfo;
  readonly segment: SegmentInfo;
  /** The offset in the store, if it is known. */
  readonly offset: number | undefined;
  readonly reader: StretchReader;
  /** What will be asked for when this segment is done. */
  readonly next: { readonly segment: SegmentInfo; readonly offset: number } | undefined;
  /** Send a stretch while the one before it is still under way. */
  readonly overlaps: boolean;
  /** Whether what was sent before this segment gets stored; it is stored after that. */
  readonly after: Promise<boolean> | undefined;
  readonly signal: AbortSignal | undefined;
  /** Ship also what was begun in a database that is not this one. */
  readonly acceptsReplacement: boolean;
}

/** A segment that is being shipped. */
export interface SegmentRun {
  readonly result: Promise<SegmentResult>;
  /** Resolves when all but the last stretch of the segment is stored, with whether that one gets stored. */
  readonly handedOver: Promise<{ readonly last: Promise<boolean> | undefined }>;
}

/**
 * Ships a segment stretch by stretch, and removes it when it is closed and stored completely. What is added while it is being
 * shipped is left for the next time, so a fast writer does not hold up the other journals. Two stretches may be under way at once; they
 * are stored in their order.
 *
 * The result rejects with SpanledgerError when the store cannot be asked for its offset, with DATABASE_REPLACED when it is another one
 * than the journal was shipped to before; with what the file system says.
 */
export function startSegment(task: SegmentTask): SegmentRun {
  const shipping = new SegmentShipping(task);
  const result = shipping.run();
  result.then(
    ({ status }) => shipping.handOver(status === 'stored' || status === 'unreadable' ? task.after : never),
    () => shipping.handOver(never),
  );
  return { result, handedOver: shipping.handedOver };
}

/** For what comes after something that was not stored. */
const never = Promise.resolve(false);

/** A stretch on its way. */
interface UnderWay {
  readonly from: number;
  readonly to: number;
  readonly after: Promise<boolean> | undefined;
  readonly result: Promise<StretchResult>;
}

class SegmentShipping {
  readonly handedOver: SegmentRun['handedOver'];
  readonly #task: SegmentTask;
  /** Everything before is stored. */
  #offset = 0;
  #last: UnderWay | undefined;
  /** Whether what was sent last gets stored. */
  #after: Promise<boolean> | undefined;
  #resolveHandedOver: (handedOver: Awaited<SegmentRun['handedOver']>) => void = () => undefined;

  constructor(task: SegmentTask) {
    this.#task = task;
    this.#after = task.after;
    this.handedOver = new Promise((resolve) => {
      this.#resolveHandedOver = resolve;
    });
  }

  handOver(last: Promise<boolean> | undefined): void {
    this.#resolveHandedOver({ last });
  }

  async run(): Promise<SegmentResult> {
    this.#offset = this.#task.offset ?? (await storedOffset(this.#task));
    if (this.#offset === 0) await assertSameDatabase(this.#task);
    if (this.#offset === wholeSegment) return knownWhole(this.#task);
    for (;;) {
      const before = this.#last;
      const early = before === undefined || this.#task.overlaps ? undefined : await this.#settle(before);
      const reading = early === undefined ? await this.#next() : undefined;
      // Two are enough: a third would wait for its turn with a connection that others need.
      await before?.after;
      const current = isWorthShipping(reading) ? this.#send(reading) : undefined;
      const failed = early ?? (before === undefined ? undefined : await this.#settle(before));
      if (failed !== undefined) {
        await current?.result.catch(() => undefined);
        if (failed.status === 'unavailable') return failed;
        if (failed.status === 'out-of-turn' && before?.after === this.#task.after) return failed;
        this.#last = undefined;
        this.#after = undefined;
      } else if (current === undefined) return this.#end(reading);
      else if (this.#task.overlaps && current.to >= this.#task.segment.bytes) this.handOver(this.#after);
    }
  }

  /** What comes behind all that was sent, or `undefined` where nothing does. */
  async #next(): Promise<Reading | undefined> {
    const { segment, reader, signal } = this.#task;
    const from = this.#last?.to ?? this.#offset;
    return signal?.aborted === true || from >= segment.bytes ? undefined : reader.take(segment, from);
  }

  #send(stretch: Stretch): UnderWay {
    const { target, overlaps, reader } = this.#task;
    const from = this.#last?.to ?? this.#offset;
    const { to } = stretch.lines;
    readAhead(this.#task, stretch);
    const after = this.#after;
    const result = shipStretch(target, stretch, { from, after }).finally(() => reader.release(stretch));
    this.#last = { from, to, after, result };
    this.#after = overlaps ? isStored(result) : undefined;
    return this.#last;
  }

  /** Waits for a stretch, and answers what became of it if it was not stored. What was sent after it was not either, then. */
  async #settle({ from, to, result }: UnderWay): Promise<Exclude<StretchResult, { status: 'stored' }> | undefined> {
    const ended = await result;
    switch (ended.status) {
      case 'stored':
        if (from === 0) markShipped(this.#task.journal.path);
        this.#offset = to;
        return undefined;
      case 'elsewhere':
        if (ended.offset === 0) await assertSameDatabase(this.#task);
        this.#offset = ended.offset;
        break;
      case 'out-of-turn':
        this.#offset = from;
        break;
      default:
    }
    return ended;
  }

  #end(reading: Reading | undefined): SegmentResult | Promise<SegmentResult> {
    const { segment, signal } = this.#task;
    if (reading !== undefined && reading.status !== 'read') return withoutStretch(reading, segment, this.#offset);
    if (reading === undefined && signal?.aborted === true && this.#offset < segment.bytes) return { status: 'aborted' };
    return stored(segment, this.#offset);
  }
}

async function storedOffset(task: SegmentTask): Promise<number> {
  const { target, segment } = task;
  const instanceId = await instanceOf(task);
  const offset = await target.store.offset(instanceId, segment.name);
  noteOffset(target, { instanceId, segment: segment.name }, offset);
  return offset;
}

/** The header of a segment says whose it is, even where the directory does not. */
async function instanceOf({ journal, segment }: SegmentTask): Promise<string> {
  const { owner } = journal;
  const head = owner === undefined ? await readSegmentLines(segment.path, { maxBytes: 1 }) : undefined;
  return owner?.instanceId ?? (head?.status === 'read' ? head.owner.instanceId : journal.instanceId);
}

/**
 * A store that knows nothing of a journal that was shipped in part is not the one it was shipped to, such as an empty standby after a
 * failover. To go on there would hide that the other part is elsewhere. One that knows an earlier state of it, such as a standby that
 * lags, is gone on with from there.
 */
async function assertSameDatabase(task: SegmentTask): Promise<void> {
  if (task.acceptsReplacement || !isMarkedShipped(task.journal.path)) return;
  const { store } = task.target;
  const instanceId = await instanceOf(task);
  const known = await store.query('select from shipments where instance_id = $1 limit 1', [instanceId]);
  if (known.length > 0) return;
  throw new SpanledgerError('DATABASE_REPLACED', { details: { instanceId, database: store.description } });
}

/** Its own offset is gone, so no more is known of it: where it is not what it was, nobody can tell whether that was all of it. */
async function knownWhole({ segment }: SegmentTask): Promise<SegmentResult> {
  const head = await readSegmentLines(segment.path, { maxBytes: 1 });
  return head.status === 'read' ? stored(segment, wholeSegment) : withoutStretch(head, segment, wholeSegment);
}

function readAhead({ segment, reader, next }: SegmentTask, { lines }: Stretch): void {
  if (lines.tail === 'more' && lines.to < segment.bytes) reader.begin(segment, lines.to);
  else if (next !== undefined) reader.begin(next.segment, next.offset);
}

async function isStored(result: Promise<StretchResult>): Promise<boolean> {
  try {
    return (await result).status === 'stored';
  } catch {
    return false;
  }
}

function isWorthShipping(reading: Reading | undefined): reading is Stretch {
  if (reading?.status !== 'read') return false;
  const { starts, damaged, tail } = reading.lines;
  return starts.length > 0 || damaged.length > 0 || tail === 'more';
}

async function stored(segment: SegmentInfo, offset: number): Promise<SegmentResult> {
  return { status: 'stored', offset, isRemoved: await removeSegment(segment) };
}

async function withoutStretch(read: SegmentRefusal, segment: SegmentInfo, offset: number): Promise<SegmentResult> {
  const message = reasonOfRefusal(segment.path, read);
  if (message !== undefined) return { status: 'unreadable', message };
  return read.status === 'absent' ? { status: 'stored', offset, isRemoved: false } : stored(segment, offset);
}
