import type { JournalEntry } from '../../journal/journal.ts';
import { listJournals, type SegmentInfo } from '../../journal/journal-listing.ts';
import { readSegment } from '../../journal/segment-reader.ts';
import { rowsOf } from '../../projection/rows.ts';
import type { Row } from '../../projection/tables.ts';
import type { JournalRows } from './journal-reader.ts';
import { processEndOfJournal } from './process-row.ts';

/** The rows of every journal in a directory; of a directory that is not there, none. */
export async function openJournalRows(directory: string): Promise<JournalRows> {
  const journals = await listJournals(directory);
  const now = new Date();
  const byInstance = new Map(journals.map((journal) => [journal.instanceId, processEndOfJournal(journal, now)]));
  return {
    description: `the journals in ${directory}`,
    scan: () => scanJournals(directory),
    processOf: (instanceId) => byInstance.get(instanceId),
    processes: () => [...byInstance.values()],
  };
}

/** Listed anew for each pass: segments come and go while somebody works. */
async function* scanJournals(directory: string): AsyncIterable<Row> {
  for (const journal of await listJournals(directory)) {
    for (const segment of journal.segments) {
      for await (const { record, owner } of scanSegment(segment)) yield* rowsOf(record, owner);
    }
  }
}

/** What cannot be read is passed over here; `spanledger doctor` names it. */
async function* scanSegment({ path, isClosed }: SegmentInfo): AsyncIterable<JournalEntry> {
  let from = 0;
  for (;;) {
    const stretch = await readSegment(path, { from, isClosed });
    if (stretch.status !== 'read') return;
    yield* stretch.entries;
    if (stretch.tail !== 'more') return;
    from = stretch.to;
  }
}
