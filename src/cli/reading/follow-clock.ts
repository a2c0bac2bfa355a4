import { setTimeout } from 'node:timers/promises';
import type { JournalClock } from '../../journal/clock.ts';

/** The clock of a command that waits: unlike that of a library it keeps the process alive. */
export const followClock: JournalClock = {
  now: Date.now,
  sleep: (millis, signal) =>
    setTimeout(millis, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
};
