import { availableParallelism } from 'node:os';
import { getHeapSpaceStatistics } from 'node:v8';
import { metrics, type ObservableResult } from '@opentelemetry/api';
import { metricTable, scopeName } from '../telemetry/conventions.ts';
import { scopeVersion } from '../telemetry/instrumentation-scope.ts';
import type { DelayWindow, MainPulse } from './pulse.ts';
import { readStallCounts, type WatchMemory } from './watch-memory.ts';

type Observe = (result: ObservableResult) => void;
type Observations = Partial<Record<keyof typeof metricTable, Observe>>;

const mode = 'cpu.mode';
const space = 'v8js.heap.space.name';

/** Lets the registered meter provider watch the process: its event loop, processor time and memory, and what blocked it. */
export function observeProcess(memory: WatchMemory, pulse: MainPulse): void {
  const meter = metrics.getMeter(scopeName, scopeVersion);
  const makers = {
    counter: meter.createObservableCounter.bind(meter),
    updowncounter: meter.createObservableUpDownCounter.bind(meter),
    gauge: meter.createObservableGauge.bind(meter),
  };
  for (const [key, observe] of Object.entries(observations(memory, pulse))) {
    const [name, kind, description] = metricTable[key as keyof typeof metricTable];
    const [instrument = '', unit = ''] = kind.split(' ');
    makers[instrument as keyof typeof makers](name, { description, unit }).addCallback(observe);
  }
}

function observations(memory: WatchMemory, pulse: MainPulse): Observations {
  return {
    stalls: (result) => result.observe(readStallCounts(memory).stalls),
    stalledTime: (result) => result.observe(readStallCounts(memory).stalledMillis / 1000),
    pauses: (result) => result.observe(readStallCounts(memory).pauses),
    workerThreads: (result) => result.observe(pulse.workerThreads()),
    delayMin: delayOf(pulse, 'min'),
    delayMax: delayOf(pulse, 'max'),
    delayMean: delayOf(pulse, 'mean'),
    delayP50: delayOf(pulse, 'p50'),
    delayP90: delayOf(pulse, 'p90'),
    delayP99: delayOf(pulse, 'p99'),
    cpuTime: observeCpuTime,
    cpuUtilization: createUtilization(),
    memoryUsage: (result) => result.observe(process.memoryUsage.rss()),
    heapUsed: observeHeap,
  };
}

function delayOf(pulse: MainPulse, key: keyof DelayWindow): Observe {
  return (result) => {
    const delay = pulse.delay();
    if (delay !== undefined) result.observe(delay[key] / 1000);
  };
}

function observeCpuTime(result: ObservableResult): void {
  const { user, system } = process.cpuUsage();
  result.observe(user / 1e6, { [mode]: 'user' });
  result.observe(system / 1e6, { [mode]: 'system' });
}

function observeHeap(result: ObservableResult): void {
  for (const { space_name: name, space_used_size: size } of getHeapSpaceStatistics())
    result.observe(size, { [space]: name });
}

function createUtilization(): Observe {
  let before = { usage: process.cpuUsage(), at: performance.now() };
  return (result) => {
    const now = { usage: process.cpuUsage(), at: performance.now() };
    const micros = (now.at - before.at) * 1000 * availableParallelism();
    if (micros > 0) {
      result.observe((now.usage.user - before.usage.user) / micros, { [mode]: 'user' });
      result.observe((now.usage.system - before.usage.system) / micros, { [mode]: 'system' });
    }
    before = now;
  };
}
