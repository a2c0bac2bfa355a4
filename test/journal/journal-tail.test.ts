import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { tailJournal } from '../../src/journal/journal-tail.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { createPlace } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

/** A clock whose pauses are turns of the event loop: following is as fast as the disk. */
const impatient = { now: Date.now, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };

function follow(directory: string, from: 'now' | 'beginning') {
  const stop = new AbortController();
  const entries = tailJournal(directory, { signal: stop.signal, from, clock: impatient });
  return {
    stop,
    /** Closes what it follows, also where there is more that nobody has taken. */
    end: () => entries.return(),
    /** The next numbers. */
    async take(count: number): Promise<unknown[]> {
      const seqs: unknown[] = [];
      while (seqs.length < count) {
        const next: IteratorResult<JournalEntry, void> = await entries.next();
        if (next.done === true) break;
        const { record } = next.value;
        seqs.push('seq' in record ? record.seq : record.type);
      }
      return seqs;
    },
  };
}

describe('following the journal', () => {
  it('yields what is there and then what comes, over segments and instances', async () => {
    const directory = createPlace();
    const one = openJournal({ directory, owner: createOwner('one'), maxSegmentBytes: 1_024 });
    one.append(createEvent(1));
    const tail = follow(directory, 'beginning');
    expect(await tail.take(1)).toEqual([1]);
    for (let seq = 2; seq <= 12; seq += 1) one.append(createEvent(seq));
    expect(await tail.take(11)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const two = openJournal({ directory, owner: createOwner('two') });
    two.append(createEvent(13));
    expect(await tail.take(1)).toEqual([13]);
    tail.stop.abort();
    expect(await tail.take(1)).toEqual([]);
    one.close();
    two.close();
  });

  it('from now on skips what is there', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1), createEvent(2));
    const tail = follow(directory, 'now');
    let isFollowing = false;
    const next = tail.take(2).finally(() => {
      isFollowing = true;
    });
    for (let seq = 3; !isFollowing; seq += 1) {
      journal.append(createEvent(seq));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [first = 0, second] = (await next) as number[];
    expect(first).toBeGreaterThanOrEqual(3);
    expect(second).toBe(first + 1);
    await tail.end();
    journal.close();
  });

  it('says when it has begun: all that is appended from then on is told', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1));
    const { signal } = new AbortController();
    const onBegin = () => journal.append(createEvent(2));
    const tail = tailJournal(directory, { signal, clock: impatient, onBegin });
    const first = await tail.next();
    await tail.return();
    expect(first.value?.record).toMatchObject({ seq: 2 });
    journal.close();
  });

  it('still reads the end of a segment that was shipped and removed meanwhile', async () => {
    const directory = createPlace();
    const journal = openJournal({ directory, owner: createOwner() });
    journal.append(createEvent(1));
    const tail = follow(directory, 'beginning');
    expect(await tail.take(1)).toEqual([1]);
    journal.append(createEvent(2));
    rmSync(journal.path, { recursive: true });
    expect(await tail.take(1)).toEqual([2]);
    await tail.end();
    journal.close();
  });

  it('waits where there is no journal yet, and ends when it is told to', async () => {
    const directory = createPlace();
    const tail = follow(directory, 'now');
    const next = tail.take(1);
    setImmediate(() => tail.stop.abort());
    expect(await next).toEqual([]);
  });
});
