import { describe, expect, it } from 'vitest';
import type { JournalStats } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { createLossReport } from '../../src/register/loss-report.ts';
import { FailingDisk } from '../journal/failing-disk.ts';
import { createPlace, readAll } from '../journal/journal-place.ts';
import { createEvent, createOwner } from '../journal/sample-records.ts';

function createScene(maxWaitingBytes = 2_000) {
  const directory = createPlace();
  const files = new FailingDisk();
  const journal = openJournal({ directory, owner: createOwner(), files, maxWaitingBytes });
  const report = createLossReport(journal, () => 5);
  const refuse = (count: number) => {
    files.writeError = 'ENOSPC';
    for (let seq = 0; seq < count; seq += 1) journal.append(createEvent(seq));
  };
  const recover = () => {
    files.writeError = undefined;
    journal.retry();
  };
  const losses = async () => {
    const { entries } = await readAll(directory);
    return entries.flatMap(({ record }) => ('event' in record && record.event === 'ledger.dropped' ? [record] : []));
  };
  return { journal, report, refuse, recover, losses };
}

const dropped = (stats: JournalStats) => Object.values(stats.dropped.audit).reduce((sum, count) => sum + count, 0);

describe('the report of losses', () => {
  it('says nothing where nothing was dropped', async () => {
    const { journal, report, losses } = createScene();
    journal.append(createEvent(1));
    report.tell();
    report.tell(true);
    expect(await losses()).toEqual([]);
  });

  it('tells class, reason and number once, when the disk takes records again and nothing more is dropped', async () => {
    const { journal, report, refuse, recover, losses } = createScene();
    refuse(50);
    const count = dropped(journal.stats());
    expect(count).toBeGreaterThan(0);
    report.tell();
    report.tell();
    recover();
    for (let tick = 0; tick < 5; tick += 1) report.tell();
    expect(await losses()).toEqual([
      expect.objectContaining({
        at: 5,
        level: 'error',
        message: `The journal dropped ${count} audit records (disk-full).`,
        details: JSON.stringify({ request: {}, progress: {}, audit: { 'disk-full': count } }),
      }),
    ]);
  });

  it('waits for the end of the losses, and tells each of two only once', async () => {
    const { journal, report, refuse, recover, losses } = createScene();
    refuse(50);
    recover();
    const first = dropped(journal.stats());
    report.tell();
    expect(await losses()).toEqual([]);
    report.tell();
    refuse(60);
    recover();
    report.tell();
    report.tell();
    const second = dropped(journal.stats()) - first;
    expect((await losses()).map(({ message }) => message)).toEqual([
      `The journal dropped ${first} audit records (disk-full).`,
      `The journal dropped ${second} audit records (disk-full).`,
    ]);
  });

  it('does not wait at the end of the process', async () => {
    const { report, refuse, recover, losses } = createScene();
    refuse(50);
    recover();
    report.tell(true);
    expect(await losses()).toHaveLength(1);
  });

  it('does not drop itself over and over while the journal is at its cap', () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner(), maxBytes: 1_000 });
    const report = createLossReport(journal);
    for (let seq = 0; seq < 50; seq += 1) journal.append(createEvent(seq));
    const before = dropped(journal.stats());
    for (let tick = 0; tick < 20; tick += 1) report.tell();
    expect(dropped(journal.stats())).toBe(before + 1);
  });
});
