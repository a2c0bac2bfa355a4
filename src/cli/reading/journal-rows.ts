import type { JournalEntry } from '../../journal/journal.ts';
import { type JournalInfo, listJournals, type SegmentInfo } from '../../journal/journal-listing.ts';
import { reasonOfRefusal } from '../../journal/segment-lines.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import { isMarkedShipped } from '../../journal/shipping-mark.ts';
import { rowsOf } from '../../projection/rows.ts';
import type { Row } from '../../projection/tables.ts';
import type { JournalRows } from './journal-reader.ts';
import { processEndOfJournal } from './process-row.ts';

/** Journals up to this size are read in about two seconds, which is less than the embedded store takes for its first opening. */
const quickBytes = 32 * 1024 ** 2;

/**
 * The rows of every journal in a directory; of a directory that is not there, none. Some answers take a dozen passes, so the rows of
 * quick journals are kept from the second one on: of an answer that takes one pass, keeping them would be the larger part.
 */
export async function openJournalRows(directory: string): Promise<JournalRows> {
  const journals = await listJournals(directory);
  const now = new Date();
  const byInstance = new Map(journals.map((journal) => [journal.instanceId, processEndOfJournal(journal, now)]));
  const unreadable = new Map<string, string>();
  const scan = () => scanJournals(directory, unreadable);
  return {
    description: `the journals in ${directory}`,
    scan: areQuick(journals) ? keeping(scan) : scan,
    processOf: (instanceId) => byInstance.get(instanceId),
    processes: () => [...byInstance.values()],
    unreadable: () => [...unreadable.values()],
  };
}

/** Whether journals are read faster than loaded, and nothing of them is anywhere else. */
export function areQuickAndWhole(journals: readonly JournalInfo[]): boolean {
  return areQuick(journals) && !journals.some(({ path }) => isMarkedShipped(path));
}

function areQuick(journals: readonly JournalInfo[]): boolean {
  return journals.reduce((sum, { bytes }) => sum + bytes, 0) <= quickBytes;
}

/** The same rows for each pass, from the second that came to its end. */
function keeping(scan: () => AsyncIterable<Row>): () => AsyncIterable<Row> {
  let kept: readonly Row[] | undefined;
  let passes = 0;
  return async function* () {
    passes += 1;
    if (kept !== undefined) return yield* kept;
    if (passes === 1) return yield* scan();
    const rows: Row[] = [];
    for await (const row of scan()) {
      rows.push(row);
      yield row;
    }
    kept = rows;
  };
}

/** Listed anew for each pass: segments come and go while somebody works. Of those that say nothing the reasons are noted. */
async function* scanJournals(directory: string, unreadable: Map<string, string>): AsyncIterable<Row> {
  for (const journal of await listJournals(directory)) {
    for (const segment of journal.segments) {
      for await (const { record, owner } of scanSegment(segment, unreadable)) yield* rowsOf(record, owner);
    }
  }
}

async function* scanSegment(segment: SegmentInfo, unreadable: Map<string, string>): AsyncIterable<JournalEntry> {
  const { path, isClosed } = segment;
  let from = 0;
  for (;;) {
    const stretch = await readSegment(path, { from, isClosed });
    if (stretch.status !== 'read') {
      const reason = reasonOfRefusal(path, stretch);
      if (reason !== undefined) unreadable.set(path, reason);
      return;
    }
    yield* stretch.entries;
    if (stretch.tail !== 'more') return;
    from = stretch.to;
  }
}
