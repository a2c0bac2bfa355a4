import { expect, it } from 'vitest';
import { observeProcess } from '../../src/watchdog/process-metrics.ts';
import type { MainPulse } from '../../src/watchdog/pulse.ts';
import { createWatchMemory } from '../../src/watchdog/watch-memory.ts';
import { useSdk } from '../telemetry/captured-events.ts';

const pulse: MainPulse = { workerThreads: () => 2, delay: () => undefined };

it('tells processor time by mode and heap by space, as the conventions want it', async () => {
  const sdk = useSdk();
  observeProcess(createWatchMemory(), pulse);
  const metrics = await sdk.metrics();
  const told = (name: string, by: string) => metrics.get(name)?.map(({ attributes }) => attributes[by]);
  expect(told('process.cpu.time', 'cpu.mode')).toEqual(['user', 'system']);
  expect(told('v8js.memory.heap.used', 'v8js.heap.space.name')).toEqual(
    expect.arrayContaining(['new_space', 'old_space', 'code_space', 'large_object_space']),
  );
  const sizes = metrics.get('v8js.memory.heap.used')?.map(({ value }) => Number(value)) ?? [];
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...sizes)).toBeGreaterThan(0);
});
