import { type JournalInfo, listJournals, type SegmentInfo } from '../../journal/journal-listing.ts';
import { readSegmentLines } from '../../journal/segment-lines.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import { byteSize, duration, isoTime } from '../rendering/quantities.ts';
import { finding, type Observation, well } from './observation.ts';

export interface BacklogQuestion {
  readonly directory: string;
  /** Offset up to which a segment is stored; without it everything in the journals counts. */
  readonly offsetOf?: (journal: JournalInfo, segment: SegmentInfo) => Promise<number>;
  /** Waiting is no fault of an embedded store: it is filled when asked. */
  readonly isPatient?: boolean;
}

const maxWaitMillis = 60_000;

/** What is in the journals and not in the database: records, bytes, and since when. */
export async function examineBacklog(question: BacklogQuestion): Promise<Observation> {
  const depth = { records: 0, bytes: 0, oldest: Number.POSITIVE_INFINITY, isCounted: true };
  for (const journal of await listJournals(question.directory)) {
    for (const segment of journal.segments) {
      const from = (await question.offsetOf?.(journal, segment)) ?? 0;
      depth.oldest = Math.min(depth.oldest, await firstRecordAt(segment, from));
      if (depth.bytes < maxCountedBytes) depth.records += await countRecords(segment, from);
      else depth.isCounted = false;
      depth.bytes += Math.max(0, segment.bytes - from);
    }
  }
  if (depth.oldest === Number.POSITIVE_INFINITY)
    return well('backlog', 'everything is shipped', { records: 0, bytes: 0, oldest_at: null });
  const moment = new Date(depth.oldest / 1000);
  const age = Date.now() - moment.getTime();
  const count = depth.isCounted ? String(depth.records) : `more than ${depth.records}`;
  const upTo = question.offsetOf === undefined ? 'up to ' : '';
  const message = `${upTo}${count} records, ${byteSize(depth.bytes)}, wait to be shipped, the oldest record since ${isoTime(moment)} (${duration(Math.max(0, age))})`;
  const figures = { records: depth.isCounted ? depth.records : null, bytes: depth.bytes, oldest_at: moment };
  if (question.isPatient === true || age < maxWaitMillis) return well('backlog', message, figures);
  return finding('backlog', message, 'Run `spanledger ship`, and find out why no process does so itself.', figures);
}

const glanceBytes = 64 * 1024;
/** Some two seconds of reading. */
const maxCountedBytes = 512 * 1024 ** 2;

/** Time of the first record that is not shipped, in microseconds; infinite without one. */
async function firstRecordAt({ path, bytes }: SegmentInfo, from: number): Promise<number> {
  if (from >= bytes) return Number.POSITIVE_INFINITY;
  const reading = await readSegment(path, { from, maxBytes: glanceBytes }).catch(untold);
  const times = reading?.status === 'read' ? reading.entries.map(({ record }) => record.at) : [];
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}

async function countRecords({ path, bytes, isClosed }: SegmentInfo, from: number): Promise<number> {
  let records = 0;
  for (let next = from; next < bytes; ) {
    const lines = await readSegmentLines(path, { from: next, isClosed }).catch(untold);
    if (lines?.status !== 'read') return records;
    records += lines.starts.length;
    if (lines.tail !== 'more') return records;
    next = lines.to;
  }
  return records;
}

/** What the disk does not give is told of among the journals. */
function untold(): undefined {}
