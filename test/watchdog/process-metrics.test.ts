import { expect, it } from 'vitest';
import { observeProcess } from '../../src/watchdog/process-metrics.ts';
import type { MainPulse } from '../../src/watchdog/pulse.ts';
import { createWatchMemory } from '../../src/watchdog/watch-memory.ts';
import { useSdk } from '../telemetry/captured-events.ts';

const pulse: MainPulse = { workerThreads: () => 2, delay: () => undefined };

it('tells processor time by mode and heap by space, as the conventions want it', async () => {
  const sdk = useSdk();
  observeProcess(createWatchMemory(), pulse);
  const before = process.memoryUsage().heapUsed;
  const metrics = await sdk.metrics();
  const after = process.memoryUsage().heapUsed;
  const told = (name: string, by: string) => metrics.get(name)?.map(({ attributes }) => attributes[by]);
  expect(told('process.cpu.time', 'cpu.mode')).toEqual(['user', 'system']);
  expect(told('v8js.memory.heap.used', 'v8js.heap.space.name')).toEqual(
    expect.arrayContaining(['new_space', 'old_space', 'code_space', 'large_object_space']),
  );
  const used = metrics.get('v8js.memory.heap.used')?.reduce((sum, { value }) => sum + Number(value), 0) ?? 0;
  // Garbage may be collected between two looks, but hardly twice.
  const nearest = [before, after].map((heapUsed) => Math.abs(used / heapUsed - 1)).sort((a, b) => a - b)[0];
  expect(nearest).toBeCloseTo(0, 0);
});
