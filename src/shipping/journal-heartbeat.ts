import type { DeathEvidence } from '../domain/cause-of-death.ts';
import { type JournalInfo, lastSignMicros } from '../journal/journal-listing.ts';
import { isOomCounter, oomKillsSince } from '../journal/oom-counter.ts';
import { parseProcessState } from '../journal/process-state.ts';
import type { JournalOwner } from '../projection/record.ts';
import type { Heartbeat } from './store.ts';

/**
 * What a journal on disk says of its process, for processes that do not reach the database themselves: a living one was seen just
 * now, a dead one ended some time after its last sign, of whatever its parent has noted and the kernel has counted.
 */
export function journalHeartbeat(journal: JournalInfo, owner: JournalOwner, nowMicros: number): Heartbeat {
  const told = { journalBytes: journal.bytes, ...figuresOf(journal) };
  if (journal.isAlive) return { owner, seenAt: nowMicros, ...told };
  const { exit } = journal;
  const seenAt = Math.max(owner.startedAt, lastSignMicros(journal));
  return {
    owner,
    seenAt,
    endedAt: exit === undefined ? seenAt : Math.max(seenAt, exit.at),
    ...(exit?.code !== undefined && { exitCode: exit.code }),
    ...(exit?.signal !== undefined && { exitSignal: exit.signal }),
    exitEvidence: JSON.stringify(evidenceOf(journal)),
    ...told,
  };
}

/** What the process said of itself; who wrote it may be of another version. */
function figuresOf({ heartbeat }: JournalInfo): Partial<Heartbeat> {
  const { eventLoopLagMillis, rssBytes, cpuRatio } = heartbeat?.figures ?? {};
  const state = parseProcessState(heartbeat?.figures);
  return {
    ...(isFigure(eventLoopLagMillis) && { eventLoopLagMillis }),
    ...(isFigure(rssBytes) && { rssBytes: Math.round(rssBytes) }),
    ...(isFigure(cpuRatio) && { cpuRatio }),
    ...(state !== undefined && { state }),
  };
}

function isFigure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function evidenceOf({ exit, heartbeat }: JournalInfo): DeathEvidence {
  const counter = heartbeat?.figures?.oomCounter;
  const oomKills = isOomCounter(counter) ? oomKillsSince(counter) : undefined;
  const counted = oomKills === undefined ? {} : { oomKills };
  if (exit === undefined) return { by: 'journal', found: 'its journal was left behind', ...counted };
  const { thread, error, seenBy: parent } = exit;
  const told = { ...(thread !== undefined && { thread }), ...(error !== undefined && { error }) };
  return { by: 'parent', found: 'its parent saw its end', parent, ...told, ...counted };
}
