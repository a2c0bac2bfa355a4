import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import { recordClasses } from '../../src/projection/record.ts';
import { FailingDisk } from './failing-disk.ts';
import { createPlace, readAll } from './journal-place.ts';
import { ManualClock } from './manual-clock.ts';
import { createEvent, createOwner, createRequest, createStart } from './sample-records.ts';

type Options = Parameters<typeof openJournal>[0];

function open(more: Partial<Options> = {}) {
  const directory = createPlace();
  const clock = new ManualClock();
  const files = new FailingDisk();
  const journal = openJournal({ directory, owner: createOwner(), clock, files, ...more });
  const seqs = async (): Promise<unknown[]> =>
    (await readAll(directory)).entries.map(({ record }) => ('seq' in record ? record.seq : record.type));
  return { directory, clock, files, journal, seqs };
}

/** produced = appended + dropped + waiting, for every class. */
function expectBalance(journal: ReturnType<typeof openJournal>): void {
  const { produced, appended, dropped, waitingByClass } = journal.stats();
  for (const name of recordClasses) {
    const lost = Object.values(dropped[name]).reduce((sum, count) => sum + count, 0);
    expect(produced[name]).toBe(appended[name] + lost + waitingByClass[name]);
  }
}

describe('a write that the disk takes only in part', () => {
  it('is completed when the disk takes the rest', async () => {
    const { directory, files, journal, seqs } = open();
    files.maxWriteBytes = 7;
    journal.append(createEvent(1), createEvent(2));
    journal.append(createEvent(3));
    expect(await seqs()).toEqual([1, 2, 3]);
    expect(await readAll(directory)).toMatchObject({ damaged: [], tornBytes: 0 });
    journal.close();
  });

  it('keeps whole records, cuts off the torn one and writes it when there is room, at many lengths', async () => {
    const { files: probe, journal: probing } = open();
    probing.append(createEvent(1));
    probe.freeBytes = 100_000;
    probing.append(createEvent(2), createEvent(3));
    const needed = 100_000 - probe.freeBytes;
    probing.close();
    for (let free = 0; free < needed; free += 5) {
      const { directory, clock, files, journal, seqs } = open();
      journal.append(createEvent(1));
      files.freeBytes = free;
      journal.append(createEvent(2), createEvent(3));
      const before = await readAll(directory);
      expect(before).toMatchObject({ damaged: [], tornBytes: 0 });
      expect(journal.stats()).toMatchObject({
        appended: { audit: before.entries.length },
        waiting: 3 - before.entries.length,
      });
      files.freeBytes = Number.POSITIVE_INFINITY;
      await clock.advance(500);
      expect(await seqs()).toEqual([1, 2, 3]);
      expect(journal.stats()).toMatchObject({ appended: { audit: 3 }, waiting: 0, dropped: { audit: {} } });
      journal.close();
    }
  });

  it('ends the segment where the torn record cannot be cut off, and nothing is damaged or doubled', async () => {
    const { directory, clock, files, journal, seqs } = open();
    journal.append(createEvent(1));
    files.freeBytes = 50;
    files.truncateError = 'EIO';
    journal.append(createEvent(2));
    files.freeBytes = Number.POSITIVE_INFINITY;
    await clock.advance(500);
    journal.append(createEvent(3));
    const content = await readAll(directory);
    expect(content).toMatchObject({ damaged: [], tornBytes: 50 });
    expect(await seqs()).toEqual([1, 2, 3]);
    expect(content.entries.map(({ segment }) => segment)).toEqual(['00000001', '00000002', '00000002']);
    journal.close();
  });
});

describe('a segment that is taken away', () => {
  it('by somebody who closes its descriptor is followed by the next, and no file of others is touched', async () => {
    const { directory, clock, files, journal, seqs } = open();
    journal.append(createEvent(1));
    closeSync(files.lastOpened);
    journal.append(createEvent(2));
    const other = openSync(join(directory, 'other'), 'w');
    await clock.advance(500);
    journal.append(createEvent(3));
    expect(await seqs()).toEqual([1, 2, 3]);
    expect(journal.stats()).toMatchObject({ segment: 2, waiting: 0 });
    writeSync(other, 'still open');
    closeSync(other);
    expectBalance(journal);
    journal.close();
  });

  it('by somebody who closes its descriptor, which is another file’s a moment later, is followed by the next', async () => {
    const { directory, clock, files, journal, seqs } = open();
    journal.append(createEvent(1));
    closeSync(files.lastOpened);
    // Gets the same number, as the lowest that is free.
    const other = openSync(join(directory, 'other'), 'w');
    await clock.advance(1_000);
    journal.append(createEvent(2));
    expect(await seqs()).toEqual([1, 2]);
    journal.close();
    expect(writeSync(other, 'still open')).toBe(10);
    closeSync(other);
    expect(readFileSync(join(directory, 'other'), 'utf8')).toBe('still open');
  });

  it('with its directory takes nothing more, also where no other can be made for a while', async () => {
    const { clock, files, journal, seqs } = open();
    journal.append(createEvent(1));
    rmSync(journal.path, { recursive: true });
    await clock.advance(1_000);
    files.createError = 'EACCES';
    journal.append(createEvent(2));
    journal.append(createEvent(3));
    expect(journal.stats()).toMatchObject({ waiting: 2 });
    files.createError = undefined;
    await clock.advance(500);
    expect(await seqs()).toEqual([2, 3]);
    expectBalance(journal);
    journal.close();
  });

  it('by a network disk that comes back as another is followed by the next', async () => {
    const { clock, files, journal, seqs } = open();
    journal.append(createEvent(1));
    files.writeError = 'ESTALE';
    journal.append(createEvent(2));
    files.writeError = undefined;
    await clock.advance(500);
    expect(await seqs()).toEqual([1, 2]);
    expect(journal.stats()).toMatchObject({ segment: 2 });
    journal.close();
  });
});

describe('a disk that refuses', () => {
  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EIO', 'io-error'],
    ['EROFS', 'io-error'],
  ])('with %s makes records wait, and those still waiting at the end count as %s', (code, reason) => {
    const { files, journal } = open();
    journal.append(createEvent(1));
    files.writeError = code;
    journal.append(createEvent(2), createStart(3));
    expect(journal.stats()).toMatchObject({ waiting: 2, lastError: expect.stringContaining(code) });
    expectBalance(journal);
    journal.close();
    expect(journal.stats()).toMatchObject({
      waiting: 0,
      appended: { audit: 1 },
      dropped: { audit: { [reason]: 1 }, progress: { [reason]: 1 } },
    });
    expectBalance(journal);
  });

  it('gets the waiting records in order, before the new ones, once it accepts again', async () => {
    const { clock, files, journal, seqs } = open();
    journal.append(createEvent(1));
    files.writeError = 'ENOSPC';
    for (let seq = 2; seq < 10; seq += 1) journal.append(createEvent(seq));
    files.writeError = undefined;
    await clock.advance(499);
    journal.append(createEvent(10));
    expect(await seqs()).toEqual([1]);
    await clock.advance(1);
    journal.append(createEvent(11));
    expect(await seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expectBalance(journal);
    journal.close();
  });

  it('gets them on an append alone, when timers do not run because the event loop is blocked', async () => {
    let now = 1_000_000;
    const blocked = { now: () => now, sleep: () => new Promise<void>(() => undefined) };
    const { files, journal, seqs } = open({ clock: blocked });
    files.writeError = 'ENOSPC';
    journal.append(createEvent(1));
    files.writeError = undefined;
    now += 500;
    journal.append(createEvent(2));
    expect(await seqs()).toEqual([1, 2]);
    journal.close();
  });

  it('gets them at once when asked to retry', async () => {
    const { files, journal, seqs } = open();
    files.writeError = 'EIO';
    journal.append(createEvent(1));
    files.writeError = undefined;
    journal.retry();
    expect(await seqs()).toEqual([1]);
    journal.close();
  });

  it('gets them when the journal closes', async () => {
    const { files, journal, seqs } = open();
    files.writeError = 'EIO';
    journal.append(createEvent(1));
    files.writeError = undefined;
    journal.close();
    expect(await seqs()).toEqual([1]);
    expectBalance(journal);
  });

  it('is announced once when it begins and once when it ends, and a listener that throws does no harm', async () => {
    const said: string[] = [];
    const { clock, files, journal } = open({
      onTrouble: (error) => {
        said.push(error.code);
        throw new Error('listener');
      },
      onRecovery: () => {
        said.push('recovered');
        throw new Error('listener');
      },
    });
    for (const _ of [1, 2]) {
      files.writeError = 'ENOSPC';
      journal.append(createEvent(1));
      journal.append(createEvent(2));
      files.writeError = undefined;
      await clock.advance(500);
    }
    expect(said).toEqual(['SPANLEDGER_JOURNAL_UNWRITABLE', 'recovered', 'SPANLEDGER_JOURNAL_UNWRITABLE', 'recovered']);
    journal.close();
  });

  it('costs bounded memory: requests go first, then progress, and audit stays as long as it fits', async () => {
    const { clock, files, journal, seqs } = open({ maxWaitingBytes: 40_000 });
    files.writeError = 'ENOSPC';
    for (let seq = 0; seq < 40; seq += 1) journal.append(createRequest(seq), createStart(seq), createEvent(seq));
    expectBalance(journal);
    const halfway = journal.stats();
    expect(halfway.dropped.request['disk-full']).toBeGreaterThan(0);
    expect(halfway.waitingByClass.audit).toBe(40);
    for (let seq = 40; seq < 400; seq += 1) journal.append(createEvent(seq));
    expectBalance(journal);
    const { dropped, waitingByClass } = journal.stats();
    expect(waitingByClass).toMatchObject({ request: 0, progress: 0 });
    expect(dropped.request['disk-full']).toBe(40);
    expect(dropped.progress['disk-full']).toBe(40);
    expect(dropped.audit['disk-full']).toBe(400 - waitingByClass.audit);
    files.writeError = undefined;
    await clock.advance(500);
    expect(await seqs()).toEqual([...Array(waitingByClass.audit).keys()]);
    journal.close();
  });

  it('leaves no timer behind when it has recovered and when the journal is closed', async () => {
    const { clock, files, journal } = open();
    files.writeError = 'EIO';
    journal.append(createEvent(1));
    expect(clock.sleeping).toBe(1);
    files.writeError = undefined;
    await clock.advance(500);
    expect(clock.sleeping).toBe(0);
    files.writeError = 'EIO';
    journal.append(createEvent(2));
    journal.close();
    expect(clock.sleeping).toBe(0);
  });

  it('that cannot even hold the header of a segment leaves no half segment behind', async () => {
    const { directory, clock, files, journal, seqs } = open();
    files.freeBytes = 30;
    journal.append(createEvent(1));
    await clock.advance(500);
    expect((await readAll(directory)).entries).toEqual([]);
    files.freeBytes = Number.POSITIVE_INFINITY;
    await clock.advance(500);
    expect(await seqs()).toEqual([1]);
    expect(journal.stats().segment).toBe(1);
    journal.close();
  });
});
