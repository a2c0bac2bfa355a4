import type { JournalInfo } from '../journal/journal-listing.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { Heartbeat } from './store.ts';

/**
 * What a journal on disk says of its process, for processes that do not reach the database themselves: a living one was seen just
 * now, a dead one ended some time after its last sign.
 */
export function journalHeartbeat(journal: JournalInfo, owner: JournalOwner, nowMicros: number): Heartbeat {
  const journalBytes = journal.bytes;
  if (journal.isAlive) return { owner, seenAt: nowMicros, journalBytes };
  const lastWrite = Math.max(0, ...journal.segments.map(({ modifiedAt }) => Math.floor(modifiedAt * 1000)));
  const seenAt = Math.max(owner.startedAt, journal.heartbeat?.at ?? 0, lastWrite);
  return { owner, seenAt, endedAt: seenAt, exitEvidence: '{"found": "its journal was left behind"}', journalBytes };
}
