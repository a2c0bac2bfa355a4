import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import { SegmentSync } from '../../src/journal/segment-sync.ts';
import { createPlace, onlySegment } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

describe('syncing', () => {
  it('resolves when there is nothing to sync, and after appends', async () => {
    const journal = openJournal({ directory: createPlace(), owner: createOwner(), maxSegmentBytes: 1_024 });
    await expect(journal.sync()).resolves.toBeUndefined();
    for (let seq = 0; seq < 20; seq += 1) journal.append(createEvent(seq));
    await expect(journal.sync()).resolves.toBeUndefined();
    journal.close();
    await expect(journal.sync()).resolves.toBeUndefined();
    expect(journal.stats().lastError).toBeUndefined();
  });

  it('shares one further round among all who ask while the disk is busy', async () => {
    const sync = new SegmentSync(() => undefined);
    const running = sync.sync();
    const [second, third] = [sync.sync(), sync.sync()];
    expect(second).not.toBe(running);
    expect(third).toBe(second);
    await Promise.all([running, second, third]);
  });

  it('covers what was appended while another round was running', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1));
    const errors: unknown[] = [];
    const sync = new SegmentSync((error) => errors.push(error));
    const { path } = await onlySegment(directory);
    const first = sync.sync();
    sync.mark(dirname(path));
    await Promise.all([first, sync.sync()]);
    expect(errors).toEqual([expect.objectContaining({ code: 'EISDIR' })]);
    journal.close();
  });

  it('takes a segment that has been shipped and removed for synced', async () => {
    const journal = openJournal({ directory: createPlace(), owner: createOwner() });
    journal.append(createEvent(1));
    rmSync(journal.path, { recursive: true });
    await journal.sync();
    expect(journal.stats().lastError).toBeUndefined();
    journal.close();
  });

  it('tells what the disk said, and tries again the next time', async () => {
    const directory = createPlace();
    const errors: unknown[] = [];
    const sync = new SegmentSync((error) => errors.push(error));
    mkdirSync(`${directory}/00000001.log`);
    sync.mark(`${directory}/00000001.log`);
    await sync.sync();
    await sync.sync();
    expect(errors.length).toBe(2);
  });
});
