import { expect, it } from 'vitest';
import { examineLoops } from '../../../src/cli/examination/loops.ts';
import { writeLoops } from '../../../src/journal/loop-note.ts';
import { temporaryDirectory } from '../written-ledger.ts';

const now = 1_800_000_000_000;
const minute = 60_000;

/** What doctor says of one loop of a process that lives. */
function examined(loop: object, isAlive = true) {
  const path = temporaryDirectory();
  writeLoops(path, [{ name: 'polling', since: now - 60 * minute, count: 0, failures: 0, ...loop }]);
  const owner = { instanceId: 'i', service: 'jobs', host: 'here', pid: 7, startedAt: 1 };
  return examineLoops([{ instanceId: 'i', path, owner, isAlive, segments: [], bytes: 0 }], now);
}

it('S4.34 tells when a loop last went well', () => {
  const [told] = examined({ count: 12, failures: 1, lastRunAt: now - minute, lastSuccessAt: now - minute });
  expect(told).toMatchObject({ subject: 'loop polling', status: 'ok' });
  expect(told?.message).toBe('jobs (7): 12 cycles, 1 failed, the last one that went well ended 1 min ago');
});

it.each([
  ['was never run', {}, 'never run since 1 h'],
  [
    'failed from the start on',
    { count: 3, failures: 3, lastRunAt: now, lastError: { at: now, message: 'no broker' } },
    'it failed from the start on: no broker',
  ],
  [
    'failed last',
    {
      count: 3,
      failures: 1,
      lastRunAt: now,
      lastSuccessAt: now - minute,
      lastError: { at: now, message: 'no broker' },
    },
    'the last cycle failed at',
  ],
  [
    'has had no success for too long and hangs in a cycle',
    {
      count: 3,
      lastRunAt: now,
      runningSince: now - minute,
      lastSuccessAt: now - 9 * minute,
      successWithinMillis: minute,
    },
    'has had no success for 540 s, and a cycle runs since 1 min',
  ],
])('S4.35 finds a loop that %s', (_, loop, message) => {
  const [told] = examined(loop);
  expect(told).toMatchObject({ status: 'finding', message: expect.stringContaining(message) });
  expect(told?.action).toBeDefined();
});

it('says nothing of processes that are gone', () => {
  expect(examined({}, false)).toEqual([]);
});
