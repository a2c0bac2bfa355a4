import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createJournalReader } from '../../../src/cli/reading/journal-reader.ts';
import { openJournalRows } from '../../../src/cli/reading/journal-rows.ts';
import { heldDirectory, sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';
import { describeReader } from './reader-contract.ts';
import { describeRequests, requestRecords } from './requests-contract.ts';
import { describeRunning, openWorkRecords } from './running-contract.ts';

const directory = heldDirectory();

describeReader('a reader of journals', async () => {
  writeJournal(directory, sampleRecords());
  return createJournalReader(await openJournalRows(directory));
});

const runningDirectory = heldDirectory();
describeRunning('a reader of journals', async () => {
  writeJournal(runningDirectory, openWorkRecords());
  return createJournalReader(await openJournalRows(runningDirectory));
});

const requestDirectory = heldDirectory();
describeRequests('a reader of journals', async () => {
  writeJournal(requestDirectory, requestRecords());
  return createJournalReader(await openJournalRows(requestDirectory));
});

it('answers with nothing where there is no directory', async () => {
  const reader = createJournalReader(await openJournalRows(join(temporaryDirectory(), 'absent')));
  expect(await reader.sessions({ last: 10 })).toEqual([]);
  expect(await reader.events({}, 10)).toEqual([]);
});

it('puts the records of several processes in time order', async () => {
  const place = temporaryDirectory();
  const records = sampleRecords();
  writeJournal(
    place,
    records.filter((_, index) => index % 2 === 0),
    'instance-b',
  );
  writeJournal(
    place,
    records.filter((_, index) => index % 2 === 1),
    'instance-a',
  );
  const reader = createJournalReader(await openJournalRows(place));
  const times = (await reader.events({}, 1000)).map((row) => row.created_at.getTime());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times).toHaveLength(records.filter(({ type }) => type === 'event').length);
});
