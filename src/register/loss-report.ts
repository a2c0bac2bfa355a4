import { randomBytes } from 'node:crypto';
import type { Journal, JournalStats } from '../journal/journal.ts';
import { type EventRecord, recordClasses } from '../projection/record.ts';
import { event } from '../telemetry/conventions.ts';

type Drops = JournalStats['dropped'];

/** Tells the ledger itself what its journal had to drop: the counters of a process are gone with it, a record is not. */
export interface LossReport {
  /**
   * Appends a record of what was dropped since the last one, as soon as the journal takes records again and nothing was dropped since the
   * call before. Called from time to time; `isLast` at the end of the process, when there is no next time.
   */
  tell(isLast?: boolean): void;
}

const traceIdBytes = 16;

export function createLossReport(journal: Journal, now: () => number = () => Date.now() * 1000): LossReport {
  let told: Drops = { request: {}, progress: {}, audit: {} };
  let lastCount = 0;
  let appendedBefore = -1;
  return {
    tell(isLast = false) {
      const { dropped, waiting, appended } = journal.stats();
      const count = countOf(dropped);
      const isGoingOn = count !== lastCount && !isLast;
      lastCount = count;
      // A report that was itself dropped is tried again when other records get in.
      if (count === countOf(told) || waiting > 0 || isGoingOn || appended.audit === appendedBefore) return;
      appendedBefore = appended.audit;
      journal.append(lossRecord(since(told, dropped), now()));
      if (journal.stats().appended.audit > appendedBefore) told = dropped;
      lastCount = countOf(journal.stats().dropped);
    },
  };
}

function countOf(drops: Drops): number {
  return recordClasses.flatMap((name) => Object.values(drops[name])).reduce((sum, count) => sum + count, 0);
}

function since(before: Drops, now: Drops): Drops {
  const difference = (name: keyof Drops) =>
    Object.entries(now[name])
      .map(([reason, count]) => [reason, count - (before[name][reason] ?? 0)] as const)
      .filter(([, count]) => count > 0);
  return {
    request: Object.fromEntries(difference('request')),
    progress: Object.fromEntries(difference('progress')),
    audit: Object.fromEntries(difference('audit')),
  };
}

function lossRecord(drops: Drops, at: number): EventRecord {
  const losses = recordClasses.flatMap((name) =>
    Object.entries(drops[name]).map(([reason, count]) => `${count} ${name} records (${reason})`),
  );
  return {
    type: 'event',
    at,
    traceId: randomBytes(traceIdBytes).toString('hex'),
    level: 'error',
    category: 'error',
    event: event.dropped,
    message: `The journal dropped ${losses.join(', ')}.`,
    details: JSON.stringify(drops),
  };
}
