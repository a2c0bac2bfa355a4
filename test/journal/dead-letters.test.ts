import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  appendDeadLetters,
  type DeadLetter,
  type LetterVerdict,
  readDeadLetters,
  rewriteDeadLetters,
} from '../../src/journal/dead-letters.ts';
import { createPlace } from './journal-place.ts';
import { createEvent, createOwner } from './sample-records.ts';

function letter(start: number, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    at: start,
    code: '23514',
    reason: 'new row violates a check constraint',
    owner: createOwner(),
    segment: '00000001',
    start,
    end: start + 100,
    record: createEvent(start),
    ...more,
  };
}

const starts = async (directory: string): Promise<number[]> =>
  (await readDeadLetters(directory)).map(({ start }) => start);

describe('dead letters', () => {
  it('are none where nothing was ever refused', async () => {
    expect(await readDeadLetters(createPlace())).toEqual([]);
  });

  it('come back as they were put in, oldest first, whatever segment they are from', async () => {
    const directory = createPlace();
    const damaged = letter(5, {
      code: 'checksum',
      bytes: Buffer.from([0, 255]).toString('base64'),
      segment: '00000002',
    });
    await appendDeadLetters(directory, [letter(9), damaged]);
    await appendDeadLetters(directory, [letter(7)]);
    expect(await readDeadLetters(directory)).toEqual([damaged, letter(7), letter(9)]);
  });

  it('put in twice, as after a crash before the offset was committed, are there once', async () => {
    const directory = createPlace();
    await appendDeadLetters(directory, [letter(1)]);
    await appendDeadLetters(directory, [letter(1, { at: 2 }), letter(3)]);
    expect(await starts(directory)).toEqual([1, 3]);
  });

  it('are readable by their owner only', async () => {
    const directory = createPlace();
    await appendDeadLetters(directory, [letter(1)]);
    const root = join(directory, 'dead-letters');
    const modes = [root, ...readdirSync(root).map((name) => join(root, name))].map(
      (path) => statSync(path).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600]);
  });

  it('survive a writer that died in the middle of one', async () => {
    const directory = createPlace();
    await appendDeadLetters(directory, [letter(1)]);
    const root = join(directory, 'dead-letters');
    for (const name of readdirSync(root)) appendFileSync(join(root, name), '0badcafe {"at":2,"co');
    await appendDeadLetters(directory, [letter(3)]);
    expect(await starts(directory)).toEqual([1, 3]);
  });

  it('go when another attempt succeeds, stay when it does not, and may change their reason', async () => {
    const directory = createPlace();
    await appendDeadLetters(directory, [letter(1), letter(2), letter(3)]);
    const counts = await rewriteDeadLetters(directory, (each) => {
      if (each.start === 1) return 'remove';
      return each.start === 2 ? 'keep' : { ...each, reason: 'still refused' };
    });
    expect(counts).toEqual({ kept: 2, removed: 1 });
    expect((await readDeadLetters(directory)).map(({ start, reason }) => [start, reason])).toEqual([
      [2, 'new row violates a check constraint'],
      [3, 'still refused'],
    ]);
  });

  it('that arrive during another attempt stay', async () => {
    const directory = createPlace();
    await appendDeadLetters(directory, [letter(1)]);
    await rewriteDeadLetters(directory, async (): Promise<LetterVerdict> => {
      await appendDeadLetters(directory, [letter(2)]);
      return 'remove';
    });
    expect(await starts(directory)).toEqual([2]);
  });

  it('are all still there when another attempt dies in the middle, and the next one goes on', async () => {
    const directory = createPlace();
    await appendDeadLetters(directory, [letter(1), letter(2)]);
    const attempt = rewriteDeadLetters(directory, () => {
      throw new Error('killed');
    });
    await expect(attempt).rejects.toThrow('killed');
    expect(await starts(directory)).toEqual([1, 2]);
    expect(await rewriteDeadLetters(directory, () => 'remove')).toEqual({ kept: 0, removed: 2 });
    expect(await readDeadLetters(directory)).toEqual([]);
    expect(readdirSync(join(directory, 'dead-letters'))).toEqual([]);
  });
});
