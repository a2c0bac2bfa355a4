import { event } from './conventions.ts';
import { withLogContext } from './log-context.ts';
import { audit } from './work.ts';

/** What a cycle of a loop tells of its work. */
export interface LoopCycle {
  /**
   * So many were done: `count('active jobs synced', 12)`. A record of the level debug, or info where each is news, as in
   * `count('approvals expired', 2, 'info')`. Nothing done is no record.
   */
  count(what: string, count: number, level?: 'debug' | 'info'): void;
  /** One of many could not be done, and the cycle goes on with the others. A warning; its id is the task id of the record. */
  missed(id: string, error: unknown): void;
}

/** The cycle of a loop, whose records have its name. */
export function loopCycle(loop: string, onCount: (what: string, count: number) => void): LoopCycle {
  return {
    count(what, count, level = 'debug') {
      if (!(count > 0)) return;
      onCount(what, count);
      const message = `The loop ${loop}: ${count} ${what}.`;
      audit({ event: event.loopCounted, category: 'performance', level, message, details: { loop, what, count } });
    },
    missed: (id, error) =>
      withLogContext({ job_id: id }, () =>
        audit({
          event: event.loopMissed,
          category: 'error',
          level: 'warning',
          message: `The loop ${loop} could not do ${id}.`,
          error,
          details: { loop },
        }),
      ),
  };
}
