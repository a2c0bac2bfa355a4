import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { WaitingQueue } from '../../src/journal/waiting-queue.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

it('keeps no trace of what it dropped, however long the disk refuses', () => {
  let dropped = 0;
  const queue = new WaitingQueue(64 * 1024, () => {
    dropped += 1;
  });
  const frame = new Uint8Array(100);
  const audit = new Uint8Array(200);
  queue.push(2, audit);
  for (let index = 0; index < 10_000; index += 1) queue.push(0, frame);
  const before = heap();
  for (let index = 0; index < 500_000; index += 1) queue.push(0, frame);
  expect(heap() - before).toBeLessThan(2 * 1024 * 1024);
  expect(dropped + queue.size).toBe(510_001);
  const left: number[] = [];
  queue.peek((_, { length }) => left.push(length) > 0);
  expect(left.slice(0, 2)).toEqual([200, 100]);
  expect(left).toHaveLength(queue.size);
});
