import { describe, expect, it } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { exitOf, startProcess } from './child.ts';
import { createPlace, readAll } from './journal-place.ts';

/** Runs a process that appends until it has acknowledged so many records, kills it, and answers the last acknowledged number. */
async function killAfter(directory: string, instanceId: string, acknowledged: number): Promise<number> {
  const child = startProcess('appending-process.ts', [directory, instanceId]);
  const exit = exitOf(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > acknowledged) child.kill('SIGKILL');
  });
  const closed = new Promise((resolve) => child.stdout.once('close', resolve));
  expect(await exit).toEqual([null, 'SIGKILL']);
  await closed;
  const whole = output.slice(0, output.lastIndexOf('\n'));
  return Number(whole.slice(whole.lastIndexOf('\n') + 1));
}

async function seqsOf(directory: string, instanceId: string): Promise<readonly number[]> {
  const { entries, damaged } = await readAll(directory);
  expect(damaged).toEqual([]);
  const own = entries.filter(({ owner }) => owner.instanceId === instanceId).map(({ record }) => record);
  return own.flatMap((record) => (record.type === 'event' && record.seq !== undefined ? [record.seq] : []));
}

describe('kill -9', () => {
  it.each([1, 40, 400, 2_000, 5_000])(
    'after %i acknowledgements leaves every acknowledged record, once and in order',
    async (count) => {
      const directory = createPlace();
      const acknowledged = await killAfter(directory, 'killed', count);
      const seqs = await seqsOf(directory, 'killed');
      expect(acknowledged).toBeGreaterThanOrEqual(count - 1);
      expect(seqs.length).toBeGreaterThanOrEqual(acknowledged);
      expect(seqs).toEqual([...seqs.keys()]);
    },
  );

  it('of two processes on one directory leaves the records of both, and both are known to be dead', async () => {
    const directory = createPlace();
    const both = ['one', 'two'];
    const acknowledged = await Promise.all(both.map((instanceId) => killAfter(directory, instanceId, 500)));
    for (const [index, instanceId] of both.entries()) {
      const seqs = await seqsOf(directory, instanceId);
      expect(seqs.length).toBeGreaterThanOrEqual(acknowledged[index] ?? 0);
      expect(seqs).toEqual([...seqs.keys()]);
    }
    const infos = await listJournals(directory);
    expect(
      infos.map(({ instanceId, isAlive, segments }) => [instanceId, isAlive, segments.every((one) => one.isClosed)]),
    ).toEqual([
      ['one', false, true],
      ['two', false, true],
    ]);
  });
});
