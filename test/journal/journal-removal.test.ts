import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readHeartbeat, writeHeartbeat } from '../../src/journal/heartbeat.ts';
import { type JournalInfo, listJournals } from '../../src/journal/journal-listing.ts';
import { removeJournal, removeSegment } from '../../src/journal/journal-removal.ts';
import { createObserver } from '../../src/journal/liveness.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { createPlace } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

/** Three segments of an owner on this machine, which lives as long as this process. */
function writeThree(directory: string) {
  const owner = { ...createOwner(), host: hostname() };
  const journal = openJournal({ directory, owner, maxSegmentBytes: 1_024 });
  while (journal.stats().segment < 3) journal.append(createEvent(1));
  return journal;
}

/** The same journals seen by one to whom every process is dead. */
const mourner = { ...createObserver(), startTicks: () => undefined, isProcessIdInUse: () => false };

async function only(directory: string, observer = createObserver()): Promise<JournalInfo> {
  const [info] = await listJournals(directory, observer);
  if (info === undefined) throw new Error('There is no journal.');
  return info;
}

describe('a listed journal', () => {
  it('tells owner, life, segments and sizes', async () => {
    const directory = createPlace();
    const journal = writeThree(directory);
    const info = await only(directory);
    expect(info).toMatchObject({
      instanceId: 'instance-1',
      isAlive: true,
      owner: journal.owner,
      bytes: journal.stats().bytes,
    });
    expect(info.segments.map(({ name, isClosed }) => [name, isClosed])).toEqual([
      ['00000001', true],
      ['00000002', true],
      ['00000003', false],
    ]);
    expect((await only(directory, mourner)).segments.every(({ isClosed }) => isClosed)).toBe(true);
    journal.close();
  });

  it.runIf(process.platform === 'linux')('takes few file descriptors, however many there are', async () => {
    const directory = createPlace();
    for (let n = 0; n < 300; n += 1) {
      const place = join(directory, 'journal', `instance-${n}`);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'owner.json'), '{}');
    }
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    let most = 0;
    let isListed = false;
    const listing = listJournals(directory).then((journals) => {
      isListed = true;
      return journals;
    });
    while (!isListed) {
      most = Math.max(most, open() - before);
      await setImmediate();
    }
    expect(await listing).toHaveLength(300);
    expect(most).toBeLessThan(40);
  });

  it('is not sought in vain in silence: a directory that cannot be read is told', async () => {
    const directory = createPlace();
    expect(await listJournals(directory)).toEqual([]);
    symlinkSync(join(directory, 'journal'), join(directory, 'journal'));
    await expect(listJournals(directory)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('tells the last heartbeat', async () => {
    const directory = createPlace();
    const journal = writeThree(directory);
    writeHeartbeat(journal.path, { at: 5, figures: { lagMillis: 1 } });
    writeHeartbeat(journal.path, { at: 6, figures: { lagMillis: 2 } });
    expect((await only(directory)).heartbeat).toEqual({ at: 6, figures: { lagMillis: 2 } });
    expect(readHeartbeat(join(directory, 'nowhere'))).toBeUndefined();
    journal.close();
  });

  it('without an owner file lives for a while, as one that has just been made, and then is dead', async () => {
    const directory = createPlace();
    const path = join(directory, 'journal', 'nameless');
    mkdirSync(path, { recursive: true });
    expect(await only(directory)).toMatchObject({ instanceId: 'nameless', isAlive: true });
    utimesSync(path, 1, 1);
    const info = await only(directory);
    expect(info).toMatchObject({ isAlive: false, segments: [] });
    expect(await removeJournal(info)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });
});

describe('removing what has been shipped', () => {
  it('removes closed segments and never the one that is being written', async () => {
    const directory = createPlace();
    const journal = writeThree(directory);
    const info = await only(directory);
    expect(await Promise.all(info.segments.map(removeSegment))).toEqual([true, true, false]);
    expect((await only(directory)).segments.map(({ name }) => name)).toEqual(['00000003']);
    expect(await removeJournal(info)).toBe(false);
    journal.append(createEvent(2));
    expect((await only(directory)).segments.map(({ name }) => name)).toEqual(['00000003', '00000004']);
    journal.close();
  });

  it('removes everything of a dead instance, and two may do so at once', async () => {
    const directory = createPlace();
    writeThree(directory).close();
    const info = await only(directory, mourner);
    expect(await removeJournal(info)).toBe(false);
    const both = await Promise.all([...info.segments, ...info.segments].map(removeSegment));
    expect(both.every(Boolean)).toBe(true);
    const gone = await Promise.all([removeJournal(info), removeJournal(info)]);
    expect(gone).toContain(true);
    expect(existsSync(info.path)).toBe(false);
  });

  it('leaves a segment that has grown since it was listed', async () => {
    const directory = createPlace();
    const journal = writeThree(directory);
    const info = await only(directory, mourner);
    rmSync(join(journal.path, '00000001.log'));
    journal.append(createEvent(2, { reason: 'short' }));
    const grown = { ...info.segments[2], bytes: (info.segments[2]?.bytes ?? 0) - 1 } as (typeof info.segments)[number];
    expect(await removeSegment(grown)).toBe(false);
    expect(existsSync(grown.path)).toBe(true);
    journal.close();
  });
});
