import { writeHeartbeat } from '../journal/heartbeat.ts';
import type { FileJournal } from '../journal/open-journal.ts';

const tickMillis = 1000;
const ticksPerHeartbeat = 5;

/** Memory in which the main thread leaves the time of its last tick, for the courier to see. */
export type Pulse = Float64Array;

/** How long the main thread has been late with its tick, in milliseconds. */
export function latenessMillis(pulse: Pulse, now = Date.now()): number {
  const last = pulse[0] ?? 0;
  return last === 0 ? 0 : Math.max(0, now - last - tickMillis);
}

/**
 * Looks after the journal once a second: what was appended is synced to the disk, off the event loop, so that a power failure costs a
 * second at most. Where no courier does it, leaves a sign of life every five seconds. Keeps no process alive.
 */
export function keepJournal(journal: FileJournal, pulse: Pulse, options: { readonly leavesHeartbeats: boolean }): void {
  let ticks = 0;
  setInterval(() => {
    pulse[0] = Date.now();
    void journal.sync();
    ticks += 1;
    if (options.leavesHeartbeats && ticks % ticksPerHeartbeat === 0) leaveHeartbeat(journal);
  }, tickMillis).unref();
}

function leaveHeartbeat(journal: FileJournal): void {
  try {
    const { dropped } = journal.stats();
    writeHeartbeat(journal.path, { at: Date.now() * 1000, figures: { rssBytes: process.memoryUsage.rss(), dropped } });
  } catch {
    // The journal itself tells of a disk that refuses; without a heartbeat the last write counts as the sign of life.
  }
}
