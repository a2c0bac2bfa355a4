import type { EventRecord, LedgerRecord, UnitEndRecord, UnitStartRecord } from '../../../src/projection/record.ts';

/** What a program recorded of its jobs, read by type. */
export interface JobRecords {
  readonly starts: readonly UnitStartRecord[];
  readonly ends: readonly UnitEndRecord[];
  readonly events: readonly EventRecord[];
  /** Runs that have ended, of a task. */
  runs(taskName: string): readonly UnitEndRecord[];
  /** Events of that name. */
  told(name: string): readonly EventRecord[];
}

export function jobRecords(records: readonly LedgerRecord[]): JobRecords {
  const starts = records.filter((one) => one.type === 'start');
  const ends = records.filter((one) => one.type === 'end');
  const events = records.filter((one) => one.type === 'event');
  return {
    starts,
    ends,
    events,
    runs: (taskName) => ends.filter((one) => one.taskName === taskName),
    told: (name) => events.filter((one) => one.event === name),
  };
}

/** A context as a parent gives it to a child process. */
export const startedBy = {
  // A machine that is busy blocks them for longer, and that is no matter of jobs.
  SPANLEDGER_WATCHDOG_THRESHOLD: '60000',
  TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  X_CORRELATION_ID: 'order-77',
};
export const traceId = '0af7651916cd43dd8448eb211c80319c';
