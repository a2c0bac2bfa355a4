import { afterAll, expect, it } from 'vitest';
import { createWorkshop } from './program.ts';

const workshop = createWorkshop();
afterAll(() => workshop.remove());

it('goes on in the same trace in timers, emitters, worker threads and child processes', async () => {
  const { stdout, stderr, code } = await workshop.run({ script: 'carried.mjs' });
  expect([code, stderr]).toEqual([0, '']);
  const { here, emitted, child, started, message } = JSON.parse(stdout);
  expect(here).toEqual({ trace: expect.stringMatching(/^[0-9a-f]{32}$/), correlation: 'order-7' });
  expect([emitted, child.started, child.own, started]).toEqual([here, here, here, here]);
  expect(message).toEqual({ ...here, correlation: 'order-8' });
}, 120_000);
