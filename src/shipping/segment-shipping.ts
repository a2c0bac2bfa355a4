import { SpanledgerError } from '../domain/errors.ts';
import type { JournalInfo, SegmentInfo } from '../journal/journal-listing.ts';
import { removeSegment } from '../journal/journal-removal.ts';
import { readSegmentLines, type SegmentRefusal } from '../journal/segment-lines.ts';
import { isMarkedShipped, markShipped } from '../journal/shipping-mark.ts';
import type { StretchReader } from './stretch-reader.ts';
import { type Stretch, type StretchTarget, shipStretch } from './stretch-shipping.ts';

/** Why shipping of a segment stopped. */
export type SegmentResult =
  /** Everything that was in it when it was listed is stored. */
  | { readonly status: 'stored'; readonly offset: number; readonly isRemoved: boolean }
  /** Nothing can be made of it; it stays where it is. */
  | { readonly status: 'unreadable'; readonly message: string }
  | { readonly status: 'unavailable'; readonly code: string; readonly message: string }
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
  readonly signal: AbortSignal | undefined;
  /** Ship also what was begun in a database that is not this one. */
  readonly acceptsReplacement: boolean;
}

/**
 * Ships a segment stretch by stretch, and removes it when it is closed and stored completely. What is added while it is being
 * shipped is left for the next time, so a fast writer does not hold up the other journals.
 *
 * @throws SpanledgerError when the store cannot be asked for its offset, DATABASE_REPLACED when it is another one than the journal was
 * shipped to before; what the file system says.
 */
export async function shipSegment(task: SegmentTask): Promise<SegmentResult> {
  const { target, segment, reader, signal } = task;
  let offset = task.offset ?? (await storedOffset(task));
  if (offset === 0) await assertSameDatabase(task);
  while (signal?.aborted !== true) {
    const stretch = await reader.take(segment, offset);
    if (stretch.status !== 'read') return withoutStretch(stretch, segment, offset);
    if (holdsNothing(stretch)) return stored(segment, offset);
    readAhead(task, stretch);
    const result = await shipStretch(target, stretch, offset);
    if (result.status === 'unavailable') return result;
    if (result.status === 'stored' && offset === 0) markShipped(task.journal.path);
    if (result.status === 'elsewhere' && result.offset === 0) await assertSameDatabase(task);
    offset = result.offset;
    if (offset >= segment.bytes) return stored(segment, offset);
  }
  return { status: 'aborted' };
}

async function storedOffset(task: SegmentTask): Promise<number> {
  return task.target.store.offset(await instanceOf(task), task.segment.name);
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

function readAhead({ segment, reader, next }: SegmentTask, { lines }: Stretch): void {
  if (lines.tail === 'more' && lines.to < segment.bytes) reader.begin(segment, lines.to);
  else if (next !== undefined) reader.begin(next.segment, next.offset);
}

function holdsNothing({ lines }: Stretch): boolean {
  return lines.starts.length === 0 && lines.damaged.length === 0 && lines.tail !== 'more';
}

async function stored(segment: SegmentInfo, offset: number): Promise<SegmentResult> {
  return { status: 'stored', offset, isRemoved: await removeSegment(segment) };
}

async function withoutStretch(read: SegmentRefusal, segment: SegmentInfo, offset: number): Promise<SegmentResult> {
  switch (read.status) {
    case 'absent':
      return { status: 'stored', offset, isRemoved: false };
    case 'newer':
      return { status: 'unreadable', message: read.error.message };
    case 'unreadable':
      if (read.bytes === 0) return stored(segment, offset);
      return { status: 'unreadable', message: `${segment.path} does not say whose it is (${read.bytes} bytes).` };
    default:
      return read satisfies never;
  }
}
