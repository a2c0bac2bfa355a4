import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountOf, missingOf } from '../../src/journal/account.ts';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { createSharedTally, Tally, tallyBytes } from '../../src/journal/tally.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { FailingDisk } from './failing-disk.ts';
import { createPlace, readAll } from './journal-place.ts';
import { ManualClock } from './manual-clock.ts';
import { createEnd, createEvent, createOwner, createRequest, createStart } from './sample-records.ts';

const segmentNames = (directory: string): string[] =>
  readdirSync(join(directory, 'journal', 'instance-1'))
    .filter((name) => name.endsWith('.log'))
    .sort();

describe('appending', () => {
  it('has every record in the file when it returns, in order', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    const records = [createStart(1), createEvent(2), createRequest(3), createEnd(4)];
    for (const record of records) {
      journal.append(record);
      expect((await readAll(directory)).entries.at(-1)?.record).toEqual(record);
    }
    journal.close();
    expect((await readAll(directory)).entries.map(({ record }) => record)).toEqual(records);
  });

  it('writes all records of one call in one write', () => {
    const files = new FailingDisk();
    const journal = openJournal({ directory: createPlace(), owner: createOwner(), files });
    journal.append(createEvent(0));
    files.writes = 0;
    journal.append(...Array.from({ length: 30 }, (_, index) => createEvent(index)));
    expect(files.writes).toBe(1);
    journal.close();
  });

  it('writes a very long call in pieces and loses nothing of it', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(...Array.from({ length: 10_000 }, (_, index) => createEvent(index)));
    expect(journal.stats().appended.audit).toBe(10_000);
    expect((await readAll(directory)).entries.length).toBe(10_000);
    journal.close();
  });

  it('counts what it produced, appended and dropped by class', () => {
    const journal = openJournal({ directory: createPlace(), owner: createOwner() });
    journal.append(createStart(1), createEvent(2), createRequest(3), createEnd(4), createEvent(5, { at: Number.NaN }));
    journal.close();
    journal.append(createStart(6));
    expect(journal.stats()).toMatchObject({
      produced: { request: 1, progress: 3, audit: 2 },
      appended: { request: 1, progress: 2, audit: 1 },
      dropped: { request: {}, progress: { closed: 1 }, audit: { unencodable: 1 } },
      waiting: 0,
    });
  });

  it('never throws, whatever it is given', () => {
    const journal = openJournal({ directory: createPlace(), owner: createOwner() });
    const nothing = [undefined, null, 7, 'text', {}, { type: 'event' }] as unknown as LedgerRecord[];
    expect(() => journal.append(...nothing)).not.toThrow();
    expect(journal.stats()).toMatchObject({ produced: { audit: 6 }, dropped: { audit: { unencodable: 6 } } });
    journal.close();
  });

  it('counts a record that could not even be made as dropped', () => {
    const journal = openJournal({ directory: createPlace(), owner: createOwner() });
    journal.leaveOut('progress');
    expect(journal.stats()).toMatchObject({ produced: { progress: 1 }, dropped: { progress: { unencodable: 1 } } });
    journal.close();
  });

  it('shows another thread how far the file is through shared memory', () => {
    const memory = new SharedArrayBuffer(tallyBytes);
    const journal = openJournal({ directory: createPlace(), owner: createOwner(), tallyMemory: memory });
    journal.append(createEvent(1), createStart(2));
    const { segment, offset, bytes, appended } = new Tally(memory).read();
    const { size } = statSync(join(journal.path, '00000001.log'));
    expect({ segment, offset, bytes, appended }).toEqual({
      segment: 1,
      offset: size,
      bytes: size,
      appended: { request: 0, progress: 1, audit: 1 },
    });
    journal.close();
  });
});

describe('the account of a process', () => {
  it('P2 holds the records of its watchdog too, which writes a lane of its own', async () => {
    const place = { directory: createPlace(), owner: createOwner(), tallyMemory: createSharedTally() };
    const main = openJournal(place);
    const watch = openJournal({ ...place, lane: 'watch' });
    main.append(createEvent(1), createStart(2));
    watch.append(createEvent(3));
    const account = accountOf(main.stats());
    expect(segmentNames(place.directory)).toHaveLength(2);
    const sizes = segmentNames(place.directory).map((name) => statSync(join(main.path, name)).size);
    expect(account).toMatchObject({ produced: { audit: 2, progress: 1 }, appended: { audit: 2, progress: 1 } });
    expect(missingOf(account)).toEqual({ request: 0, progress: 0, audit: 0 });
    expect(main.stats().bytes).toBe(sizes.reduce((sum, size) => sum + size));
    expect((await readAll(place.directory)).entries).toHaveLength(3);
    for (const journal of [main, watch]) journal.close();
  });

  it('P2 shows what the watchdog could not write, and would show what is unaccounted for', () => {
    const files = new FailingDisk();
    files.writeError = 'ENOSPC';
    const place = { directory: createPlace(), owner: createOwner(), tallyMemory: createSharedTally() };
    const main = openJournal(place);
    const watch = openJournal({ ...place, lane: 'watch', files });
    watch.append(createEvent(1));
    expect(accountOf(main.stats())).toMatchObject({ produced: { audit: 1 }, waiting: { audit: 1 } });
    watch.close();
    const account = accountOf(main.stats());
    expect(account.dropped.audit).toEqual({ 'disk-full': 1 });
    expect(missingOf(account).audit).toBe(0);
    expect(missingOf({ ...account, dropped: { ...account.dropped, audit: {} } }).audit).toBe(1);
    main.close();
  });
});

describe('the files of a journal', () => {
  it('are readable and writable by their owner only', () => {
    const directory = join(createPlace(), 'new');
    const before = process.umask(0);
    try {
      const journal = openJournal({ directory, owner: createOwner() });
      journal.append(createEvent(1, { event: 'import.session.start', unit: 'session', toState: 'processing' }));
      journal.close();
    } finally {
      process.umask(before);
    }
    const found = readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [entry.name, (statSync(path).mode & 0o777).toString(8)];
    });
    const note = found.find(([name]) => name?.endsWith('.json') && name !== 'owner.json')?.[0];
    expect(Object.fromEntries([...found, ['.', (statSync(directory).mode & 0o777).toString(8)]])).toEqual({
      '.': '700',
      journal: '700',
      'instance-1': '700',
      'owner.json': '600',
      '00000001.log': '600',
      state: '700',
      [note ?? 'note']: '600',
    });
  });

  it('begin with the format and the owner, and are lines that grep finds', () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1));
    journal.close();
    const [header = '', line = ''] = readFileSync(join(journal.path, '00000001.log'), 'utf8').split('\n');
    expect(header).toMatch(/^[0-9a-f]{8} \{"format":1,"owner":\{"instanceId":"instance-1",/);
    expect(line).toMatch(/^[0-9a-f]{8} \{"type":"event",.*"sessionId":"local-7","itemId":"files\/1.jpg".*\}$/);
  });

  it('are not made before there is something to write', () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    expect(segmentNames(directory)).toEqual([]);
    journal.close();
  });

  it('stay below the segment size and follow one another', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner(), maxSegmentBytes: 4_096 });
    for (let seq = 0; seq < 50; seq += 1) journal.append(createEvent(seq));
    journal.close();
    const [info] = await listJournals(directory);
    expect(info?.segments.length).toBeGreaterThan(3);
    expect(info?.segments.every(({ bytes }) => bytes <= 4_096)).toBe(true);
    expect(info?.bytes).toBe(journal.stats().bytes);
    expect((await readAll(directory)).entries.map(({ record }) => 'seq' in record && record.seq)).toEqual([
      ...Array(50).keys(),
    ]);
  });

  it('are closed by age, so that they can be shipped and removed', async () => {
    const clock = new ManualClock();
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner(), clock, maxSegmentAgeMillis: 60_000 });
    journal.append(createEvent(1));
    await clock.advance(59_000);
    journal.append(createEvent(2));
    expect(segmentNames(directory)).toEqual(['00000001.log']);
    await clock.advance(2_000);
    journal.append(createEvent(3));
    expect(segmentNames(directory)).toEqual(['00000001.log', '00000002.log']);
    journal.close();
  });

  it('go on in order when the clock is set back an hour', async () => {
    const clock = new ManualClock();
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner(), clock });
    journal.append(createEvent(1));
    await clock.advance(-3_600_000);
    for (let seq = 2; seq <= 20; seq += 1) journal.append(createEvent(seq));
    journal.close();
    expect((await readAll(directory)).entries.map(({ record }) => 'seq' in record && record.seq)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(segmentNames(directory).length).toBe(2);
  });

  it('never take a number twice when the same instance opens its journal again', async () => {
    const directory = createPlace();
    for (const seq of [1, 2]) {
      const journal = openJournal({ directory, owner: createOwner() });
      journal.append(createEvent(seq));
      journal.close();
    }
    expect(segmentNames(directory)).toEqual(['00000001.log', '00000002.log']);
    expect((await readAll(directory)).entries.length).toBe(2);
  });

  it('are begun anew, with a new number, when someone has removed them under the running process', async () => {
    const clock = new ManualClock();
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner(), clock });
    journal.append(createEvent(1));
    rmSync(directory, { recursive: true });
    await clock.advance(1_000);
    journal.append(createEvent(2));
    expect(segmentNames(directory)).toEqual(['00000002.log']);
    expect((await readAll(directory)).entries.map(({ record }) => record)).toEqual([createEvent(2)]);
    journal.close();
  });

  it('stay apart from those of another process in the same directory', async () => {
    const directory = createPlace();
    const journals = ['one', 'two'].map((instanceId) => openJournal({ directory, owner: createOwner(instanceId) }));
    for (let seq = 0; seq < 10; seq += 1) for (const journal of journals) journal.append(createEvent(seq));
    for (const journal of journals) journal.close();
    const infos = await listJournals(directory);
    expect(infos.map(({ instanceId, segments }) => [instanceId, segments.length])).toEqual([
      ['one', 1],
      ['two', 1],
    ]);
    expect((await readAll(directory)).entries.length).toBe(20);
  });

  it('lie in a directory with a safe name, whatever the instance id', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner('../../etc/passwd') });
    journal.append(createEvent(1));
    journal.close();
    expect(readdirSync(join(directory, 'journal'))).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect((await listJournals(directory))[0]?.instanceId).toBe('../../etc/passwd');
  });
});

describe('the cap of a journal', () => {
  const event = (): number => {
    const journal = openJournal({ directory: createPlace(), owner: createOwner() });
    journal.append(createEvent(100));
    const header = journal.stats().bytes;
    journal.append(createEvent(100));
    journal.close();
    return journal.stats().bytes - header;
  };

  it('lets requests go first, then progress, and audit last', () => {
    const size = event();
    const journal = openJournal({ directory: createPlace(), owner: createOwner(), maxBytes: size * 100 });
    const droppedAt = { request: 0, progress: 0, audit: 0 };
    for (let seq = 100; seq < 220; seq += 1) {
      journal.append(createEvent(seq), createRequest(1, { endpoint: '' }), createStart(1));
      const { bytes, dropped } = journal.stats();
      for (const name of ['request', 'progress', 'audit'] as const) {
        if (dropped[name].cap !== undefined) droppedAt[name] ||= bytes / (size * 100);
      }
    }
    journal.close();
    expect(droppedAt.request).toBeGreaterThan(0.88);
    expect(droppedAt.request).toBeLessThan(droppedAt.progress);
    expect(droppedAt.progress).toBeLessThan(droppedAt.audit);
    expect(droppedAt.audit).toBeGreaterThanOrEqual(0.99);
    const { produced, appended, dropped } = journal.stats();
    for (const name of ['request', 'progress', 'audit'] as const) {
      expect(produced[name]).toBe(appended[name] + (dropped[name].cap ?? 0));
    }
  });

  it('counts the journals of other instances too', () => {
    const directory = createPlace();
    const other = openJournal({ directory, owner: createOwner('other') });
    for (let seq = 0; seq < 100; seq += 1) other.append(createEvent(seq));
    other.close();
    const journal = openJournal({ directory, owner: createOwner(), maxBytes: 20_000 });
    journal.append(createEvent(1));
    expect(journal.stats().dropped.audit).toEqual({ cap: 1 });
    journal.close();
  });

  it('counts what the database refused, too', () => {
    const directory = createPlace();
    mkdirSync(join(directory, 'dead-letters'));
    writeFileSync(join(directory, 'dead-letters', 'other-00000001.log'), 'x'.repeat(20_000));
    const journal = openJournal({ directory, owner: createOwner(), maxBytes: 20_000 });
    journal.append(createEvent(1));
    expect(journal.stats().dropped.audit).toEqual({ cap: 1 });
    journal.close();
  });

  it('takes records again when segments have been shipped and removed', async () => {
    const clock = new ManualClock();
    const directory = createPlace();
    const limits = { maxSegmentBytes: 4_096, maxBytes: 20_000 };
    const journal = openJournal({ directory, owner: createOwner(), clock, ...limits });
    for (let seq = 0; seq < 100; seq += 1) journal.append(createEvent(seq));
    const lost = journal.stats().dropped.audit.cap ?? 0;
    expect(lost).toBeGreaterThan(0);
    for (const name of segmentNames(directory).slice(0, -1)) rmSync(join(journal.path, name));
    await clock.advance(1_000);
    journal.append(createEvent(100));
    expect(journal.stats().dropped.audit.cap).toBe(lost);
    journal.close();
  });
});

describe('a directory that cannot be written', () => {
  /** Root ignores modes, so a file stands where a directory is needed. */
  it.each([
    ['under a regular file', (place: string): string => join(place, 'file', 'below')],
    ['below /proc', (): string => '/proc/spanledger'],
  ])('%s leaves the host unharmed and keeps records in memory', (_, pathIn) => {
    const place = createPlace();
    const blocker = openJournal({ directory: place, owner: createOwner() });
    blocker.append(createEvent(1));
    blocker.close();
    const directory = pathIn(join(blocker.path, '00000001.log'));
    const troubles: string[] = [];
    const journal = openJournal({ directory, owner: createOwner(), onTrouble: ({ code }) => troubles.push(code) });
    journal.append(createEvent(2));
    expect(journal.stats()).toMatchObject({ produced: { audit: 1 }, waiting: 1, segment: 0 });
    expect(journal.stats().lastError).toMatch(/ENOTDIR|ENOENT/);
    journal.close();
    expect(journal.stats()).toMatchObject({ waiting: 0, dropped: { audit: { 'io-error': 1 } } });
    expect(troubles).toEqual(['SPANLEDGER_JOURNAL_UNWRITABLE']);
  });

  it('by its mode leaves the host unharmed for a plain user', () => {
    const directory = createPlace();
    chmodSync(directory, 0o500);
    const journal = asPlainUser(() => {
      const opened = openJournal({ directory, owner: createOwner() });
      opened.append(createEvent(1));
      return opened;
    });
    expect(journal.stats()).toMatchObject({ waiting: 1, lastError: expect.stringContaining('EACCES') });
    chmodSync(directory, 0o700);
    journal.close();
    expect(journal.stats()).toMatchObject({ waiting: 0, appended: { audit: 1 } });
  });

  it('takes the records that waited as soon as it can be written', async () => {
    const clock = new ManualClock();
    const files = new FailingDisk();
    files.createError = 'EROFS';
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner(), clock, files });
    journal.append(createEvent(1));
    files.createError = undefined;
    await clock.advance(500);
    expect((await readAll(directory)).entries.map(({ record }) => record)).toEqual([createEvent(1)]);
    journal.close();
  });
});

/** Root ignores modes, so root becomes nobody for a moment. */
function asPlainUser<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
