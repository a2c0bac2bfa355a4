import { diag } from '@opentelemetry/api';
import { accountOf } from '../journal/account.ts';
import { writeHeartbeat } from '../journal/heartbeat.ts';
import { writeLoops } from '../journal/loop-note.ts';
import { readOwnOomCounter } from '../journal/oom-counter.ts';
import type { FileJournal } from '../journal/open-journal.ts';
import type { ProcessState } from '../journal/process-state.ts';
import { loopFacts } from '../telemetry/loops.ts';
import { sharedMillis } from '../watchdog/watch-memory.ts';
import { createLossReport } from './loss-report.ts';

const tickMillis = 1000;
const ticksPerHeartbeat = 5;

/** Memory in which the main thread leaves the time of its last tick, on the clock that all threads share, for others to see. */
export type Pulse = Float64Array;

/** How long the main thread has been late with its tick, in milliseconds; `now` on the clock that all threads share. */
export function latenessMillis(pulse: Pulse, now = sharedMillis()): number {
  const last = pulse[0] ?? 0;
  return last === 0 ? 0 : Math.max(0, now - last - tickMillis);
}

/** Whoever looks after the journal. */
export interface JournalKeeper {
  /** Tries at once to write what a disk has refused and tells what was dropped, before the counters are sent for the last time. */
  settle(): void;
  /** The last chance of records that a disk has refused, when the process ends. */
  finish(): void;
}

export interface KeepingOptions {
  /** Where others see that this thread is not blocked; given in the main thread. */
  readonly pulse?: Pulse;
  readonly leavesHeartbeats: boolean;
  /** What the process does now, if somebody knows. */
  readonly state?: () => ProcessState | undefined;
  /** Processor time of whoever it is; default that of the process. */
  readonly cpuUsage?: (before?: NodeJS.CpuUsage) => NodeJS.CpuUsage;
}

/**
 * Looks after the journal once a second: what was appended is synced to the disk, off the event loop, so that a power failure costs a
 * second at most, and what had to be dropped is told. Where no courier does it, leaves a sign of life every five seconds. Keeps no process
 * alive.
 */
export function keepJournal(journal: FileJournal, options: KeepingOptions): JournalKeeper {
  const losses = createLossReport(journal);
  const cpuRatio = createCpuMeter(options.cpuUsage);
  const leave = () => {
    if (options.leavesHeartbeats && journal.isOpen) leaveHeartbeat(journal, cpuRatio(), options.state?.());
  };
  const leaveLoops = createLoopKeeper(journal.path);
  let ticks = 0;
  const beat = () => {
    if (options.pulse !== undefined) options.pulse[0] = sharedMillis();
  };
  leave();
  // From the start: a program that blocks before its first tick is late as well.
  beat();
  setInterval(() => {
    beat();
    void journal.sync();
    losses.tell();
    leaveLoops();
    ticks += 1;
    if (ticks % ticksPerHeartbeat === 0) leave();
  }, tickMillis).unref();
  const settle = () => {
    journal.retry();
    losses.tell(true);
  };
  const finish = () => {
    settle();
    leave();
    leaveLoops();
    const { waiting, lastError = '' } = journal.stats();
    if (waiting > 0) diag.error(`${waiting} records are lost with this process: ${lastError}`);
  };
  return { settle, finish };
}

/** Leaves what the loops of the program tell, whenever it has changed. */
function createLoopKeeper(path: string): () => void {
  let last = '[]';
  return () => {
    const facts = loopFacts();
    const told = JSON.stringify(facts);
    if (told === last) return;
    last = told;
    try {
      writeLoops(path, facts);
    } catch (error) {
      diag.debug('The state of the loops could not be written.', error);
    }
  };
}

/** Processor time per time since it was asked last, 1 for one core. */
function createCpuMeter(cpuUsage: KeepingOptions['cpuUsage'] = (before) => process.cpuUsage(before)): () => number {
  let before = { cpu: cpuUsage(), at: performance.now() };
  return () => {
    const { user, system } = cpuUsage(before.cpu);
    const millis = performance.now() - before.at;
    before = { cpu: cpuUsage(), at: performance.now() };
    return millis > 0 ? (user + system) / 1000 / millis : 0;
  };
}

function leaveHeartbeat(journal: FileJournal, cpuRatio: number, state: ProcessState | undefined): void {
  try {
    const oomCounter = readOwnOomCounter();
    const figures = { rssBytes: process.memoryUsage.rss(), cpuRatio, ...accountOf(journal.stats()), oomCounter, state };
    writeHeartbeat(journal.path, { at: Date.now() * 1000, figures });
  } catch {
    // The journal itself tells of a disk that refuses; without a heartbeat the last write counts as the sign of life.
  }
}
