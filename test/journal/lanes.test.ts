import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { tailJournal } from '../../src/journal/journal-tail.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { createPlace, readAll } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

/** The journal of a program and that of the watchdog beside it, each with several segments. */
function writeBoth(directory: string): void {
  for (const [lane, first] of [
    ['main', 100],
    ['watch', 200],
  ] as const) {
    const journal = openJournal({ directory, owner: createOwner(), lane, maxSegmentBytes: 1_024 });
    for (let count = 0; journal.stats().segment < 3; count += 1) journal.append(createEvent(first + count));
  }
}

describe('two lanes of one instance', () => {
  it('number their segments apart, and the last of each is still written to', async () => {
    const directory = createPlace();
    writeBoth(directory);
    const [journal] = await listJournals(directory, alive);
    expect(journal?.segments.map(({ name, isClosed }) => [name, isClosed])).toEqual([
      ['00000001', true],
      ['00000002', true],
      ['00000003', false],
      ['watch-00000001', true],
      ['watch-00000002', true],
      ['watch-00000003', false],
    ]);
  });

  it('are read and followed as one journal, each record once', async () => {
    const directory = createPlace();
    writeBoth(directory);
    const { entries } = await readAll(directory);
    expect(new Set(numbers(entries)).size).toBe(entries.length);
    const followed: JournalEntry[] = [];
    const stop = new AbortController();
    for await (const entry of tailJournal(directory, { signal: stop.signal, from: 'beginning', clock })) {
      followed.push(entry);
      if (followed.length === entries.length) stop.abort();
    }
    expect(numbers(followed).toSorted()).toEqual(numbers(entries).toSorted());
  });
});

const alive = {
  host: '',
  place: undefined,
  clock: { now: () => 0 },
  startTicks: () => 1,
  isProcessIdInUse: () => true,
};
const clock = { now: () => Date.now(), sleep: (millis: number) => sleep(Math.min(millis, 1)) };

function numbers(entries: readonly JournalEntry[]): number[] {
  return entries.flatMap(({ record }) => (record.type === 'event' ? [record.seq ?? 0] : []));
}
