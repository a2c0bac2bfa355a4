import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect, it, onTestFinished } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { keepJournal } from '../../src/register/journal-keeping.ts';
import { createShippingMemory } from '../../src/register/shipping-memory.ts';
import { journalHeartbeat } from '../../src/shipping/journal-heartbeat.ts';
import { FailingDisk } from '../journal/failing-disk.ts';
import { createPlace, readAll } from '../journal/journal-place.ts';
import { createEvent, createOwner } from '../journal/sample-records.ts';

function createScene() {
  const directory = createPlace();
  const files = new FailingDisk();
  const journal = openJournal({ directory, owner: createOwner(), files });
  const errors: string[] = [];
  const ignore = () => undefined;
  diag.setLogger(
    { error: (text) => errors.push(text), warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  onTestFinished(() => diag.disable());
  const keeper = keepJournal(journal, { leavesHeartbeats: false });
  files.writeError = 'ENOSPC';
  journal.append(createEvent(1), createEvent(2));
  return { directory, files, journal, keeper, errors };
}

it('the end of the process writes what the disk had refused, if it takes it by then', async () => {
  const { directory, files, keeper, errors } = createScene();
  files.writeError = undefined;
  keeper.finish();
  expect((await readAll(directory)).entries).toHaveLength(2);
  expect(errors).toEqual([]);
});

it('the end of the process tells how much is lost where the disk still refuses', async () => {
  const { directory, keeper, errors } = createScene();
  keeper.finish();
  expect((await readAll(directory)).entries).toHaveLength(0);
  expect(errors).toEqual(['2 records are lost with this process: ENOSPC: the disk refuses']);
});

it('what was dropped is told before the counters are sent for the last time, and no record is appended after them', async () => {
  const { directory, files, journal, keeper } = createScene();
  const long = 'x'.repeat(1024 * 1024);
  for (let n = 3; n < 30; n += 1) journal.append({ ...createEvent(n), message: long });
  const { dropped } = journal.stats();
  expect(dropped.audit['disk-full']).toBeGreaterThan(0);
  files.writeError = undefined;
  keeper.settle();
  const { appended } = journal.stats();
  keeper.finish();
  expect(journal.stats().appended).toEqual(appended);
  const { entries } = await readAll(directory);
  expect(entries.map(({ record }) => record.type === 'event' && record.event)).toContain('ledger.dropped');
});

it('what the sign of life on the disk says of the process reaches the ledger', async () => {
  const directory = createPlace();
  const owner = createOwner();
  const journal = openJournal({ directory, owner });
  const state = { heapUsedBytes: 5_000_000, workerThreads: 0 };
  const keeper = keepJournal(journal, {
    pulse: createShippingMemory().pulse,
    leavesHeartbeats: true,
    state: () => state,
  });
  for (const end = performance.now() + 20; performance.now() < end; );
  keeper.finish();
  const [found] = await listJournals(directory);
  expect(found && journalHeartbeat(found, owner, 7)).toMatchObject({
    rssBytes: expect.toSatisfy((bytes: number) => bytes > 10_000_000),
    cpuRatio: expect.toSatisfy((ratio: number) => ratio > 0),
    state,
  });
  journal.close();
});
