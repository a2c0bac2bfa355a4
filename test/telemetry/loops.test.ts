import { expect, test } from 'vitest';
import { attribute } from '../../src/telemetry/conventions.ts';
import { workerLoop } from '../../src/telemetry/loops.ts';
import { listen, thrownBy } from './captured-events.ts';

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
