import { describe, expect, it } from 'vitest';
import { areQuickAndWhole, openJournalRows } from '../../../src/cli/reading/journal-rows.ts';
import { listJournals } from '../../../src/journal/journal-listing.ts';
import { markShipped } from '../../../src/journal/shipping-mark.ts';
import type { Row } from '../../../src/projection/tables.ts';
import { sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const mebibyte = 1024 ** 2;

describe('journals that answer without a store', () => {
  it('are short and whole', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const journals = await listJournals(directory);
    expect(areQuickAndWhole(journals)).toBe(true);
    expect(areQuickAndWhole(journals.map((journal) => ({ ...journal, bytes: 33 * mebibyte })))).toBe(false);
    for (const { path } of journals) markShipped(path);
    expect(areQuickAndWhole(journals)).toBe(false);
  });
});

describe('the rows of journals', () => {
  it('are the same from the second pass of one answer on, and new ones are there for the next answer', async () => {
    const directory = temporaryDirectory();
    const records = sampleRecords();
    writeJournal(directory, records.slice(0, 10), 'instance-a');
    const rows = await openJournalRows(directory);
    const first = await all(rows.scan());
    expect(await all(rows.scan())).toEqual(first);
    writeJournal(directory, records.slice(10), 'instance-b');
    expect(await all(rows.scan())).toEqual(first);
    expect((await all((await openJournalRows(directory)).scan())).length).toBeGreaterThan(first.length);
  });

  it('are not kept of a pass that was broken off', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    const rows = await openJournalRows(directory);
    await all(rows.scan());
    for await (const row of rows.scan()) if (row.table === 'audit_log') break;
    expect(await all(rows.scan())).toEqual(await all((await openJournalRows(directory)).scan()));
  });
});

async function all(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}
