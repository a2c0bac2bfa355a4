import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { seesProcess } from '../../src/shipping/seen-process.ts';

const began = performance.timeOrigin;
const here = { instance_id: 'a', host: hostname(), pid: process.pid, started_at: new Date(began) };
const later = new Date(began + 3_600_000);

it.runIf(process.platform === 'linux')(
  'sees a process by when it began, and a worker thread that began later in it',
  () => {
    expect(seesProcess(here)).toBe(true);
    expect(seesProcess({ ...here, started_at: later })).toBe(false);
    expect(seesProcess({ ...here, instance_id: 'a-t3', started_at: later })).toBe(true);
  },
);

it('does not see in it a worker thread of a process that had its id before, nor anything on another host', () => {
  const before = { ...here, instance_id: 'a-t3', started_at: new Date(began - 3_600_000) };
  expect(seesProcess(before)).toBe(process.platform !== 'linux');
  expect(seesProcess({ ...here, host: 'elsewhere' })).toBeUndefined();
});
