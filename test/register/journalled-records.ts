import { listJournals } from '../../src/journal/journal-listing.ts';
import { readSegment } from '../../src/journal/segment-reader.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';

/** All records in the journals of a spanledger directory, in order. */
export async function scanRecords(directory: string): Promise<readonly LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for (const { segments } of await listJournals(directory)) {
    for (const { path, isClosed, bytes } of segments) {
      const stretch = await readSegment(path, { isClosed, maxBytes: bytes + 1 });
      if (stretch.status !== 'read' || stretch.damaged.length > 0) throw new Error(`${path} is not whole.`);
      records.push(...stretch.entries.map(({ record }) => record));
    }
  }
  return records;
}
