import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, test } from 'vitest';
import { attribute } from '../../src/telemetry/conventions.ts';
import { workerLoop } from '../../src/telemetry/loops.ts';
import { detailsOf, listen, thrownBy } from './captured-events.ts';

test('S4.30 a loop tells of its first cycle, of each that fails, and of the first that goes well again', async () => {
  const captured = listen();
  const loop = workerLoop('polling');
  await loop.run(() => 'synced');
  for (const _ of [1, 2]) await thrownBy(() => loop.run(() => Promise.reject(new Error('no broker'))));
  for (const _ of [1, 2]) await loop.run(() => 'synced');
  const [started, ...noMore] = captured.named('worker.loop.started');
  expect([started?.attributes[attribute.level], noMore]).toEqual(['info', []]);
  const failed = captured.named('worker.loop.failed');
  expect(failed.map(({ attributes }) => [attributes[attribute.level], attributes[attribute.exceptionMessage]])).toEqual(
    Array(2).fill(['error', 'no broker']),
  );
  const recovered = captured.named('worker.loop.recovered').map(({ attributes }) => attributes[attribute.message]);
  expect(recovered).toEqual(['The loop polling went well after 2 that had failed.']);
});

test('S4.30 a cycle tells in numbers what it has done, and of each that it could not do', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const captured = listen();
  const loop = workerLoop('numbers');
  for (const _ of [1, 2])
    await loop.run((cycle) => {
      cycle.count('active jobs synced', 12);
      cycle.count('approvals expired', 2, 'info');
      cycle.count('orders', 0);
      cycle.missed('job-9', new Error('no such job'));
    });
  const told = captured.named('worker.loop.counted').map(({ attributes }) => attributes);
  expect(told.map((one) => [one[attribute.level], one[attribute.message]]).slice(0, 2)).toEqual([
    ['debug', 'The loop numbers: 12 active jobs synced.'],
    ['info', 'The loop numbers: 2 approvals expired.'],
  ]);
  expect(told).toHaveLength(4);
  const [missed] = captured.named('worker.loop.missed');
  expect(missed?.attributes).toMatchObject({
    [attribute.level]: 'warning',
    [attribute.exceptionMessage]: 'no such job',
  });
  // What the projection makes the task id of.
  expect(detailsOf(missed)).toMatchObject({ job_id: 'job-9' });
  expect(loop.facts()).toMatchObject({
    count: 2,
    failures: 0,
    counts: { 'active jobs synced': 24, 'approvals expired': 4 },
  });
});
