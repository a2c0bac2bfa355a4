import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isProcessIdInUse, readStartTicks } from '../journal/process-identity.ts';
import { threadOf } from '../journal/thread-instance.ts';
import type { SeesProcess } from './lost-instances.ts';

/** How far the start of a process by the kernel and by Node.js may lie apart: loading Node.js, and the kernel's whole seconds. */
const toleranceMillis = 5_000;

/**
 * Whether a process of this host, or that of a worker thread, still runs: its id is in use, by one that began when it did. Of another host nothing can be seen. Where
 * the kernel does not tell when a process began, a process with its id counts as it.
 */
export const seesProcess: SeesProcess = ({ instance_id: instance, host, pid, started_at: startedAt }) => {
  if (host !== hostname()) return undefined;
  if (!isProcessIdInUse(pid)) return false;
  const began = startOf(pid);
  if (began === undefined) return true;
  const before = startedAt.getTime() - began;
  // A worker thread began at any time of its process.
  return before > -toleranceMillis && (before < toleranceMillis || threadOf(instance) !== undefined);
};

/** Milliseconds since the epoch. A zombie has no start: it is none that runs. */
function startOf(pid: number): number | undefined {
  const ticks = readStartTicks(pid);
  const bootSeconds = bootTime();
  if (bootSeconds === undefined || ticks === 'unknown') return undefined;
  return ticks === undefined ? Number.NEGATIVE_INFINITY : (bootSeconds + ticks / ticksPerSecond) * 1000;
}

/** `USER_HZ`, which is 100 on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

function bootTime(): number | undefined {
  try {
    const [, seconds] = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1')) ?? [];
    return seconds === undefined ? undefined : Number(seconds);
  } catch {
    return undefined;
  }
}
