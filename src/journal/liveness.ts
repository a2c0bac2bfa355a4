import { hostname } from 'node:os';
import type { JournalOwner } from '../projection/record.ts';
import { type JournalClock, systemJournalClock } from './clock.ts';
import { isProcessIdInUse, ownProcessPlace, type ProcessIdentity, readStartTicks } from './process-identity.ts';

/** What is known of the writer of a journal. */
export interface OwnerTrace {
  readonly owner: JournalOwner;
  readonly process?: ProcessIdentity;
  /** Last sign of life in milliseconds since the epoch: heartbeat, or the last write to a segment. */
  readonly lastSignMillis: number;
}

/** Where the question is asked. Injected to ask it of processes that are not there. */
export interface Observer {
  readonly host: string;
  readonly place: Omit<ProcessIdentity, 'startTicks'> | undefined;
  readonly clock: Pick<JournalClock, 'now'>;
  startTicks(pid: number): number | 'unknown' | undefined;
  isProcessIdInUse(pid: number): boolean;
}

/** A writer that has given no sign for this long is dead, where nothing better can be known. */
export const lostAfterMillis = 30_000;

/** This process as the one that asks. */
export function createObserver(clock: Pick<JournalClock, 'now'> = systemJournalClock): Observer {
  return { host: hostname(), place: ownProcessPlace(), clock, startTicks: readStartTicks, isProcessIdInUse };
}

/**
 * Whether the writer of a journal still lives. Where process ids mean the same here and there, the start of the process
 * decides, so a recycled id is nobody. Elsewhere (another container, another machine, no `/proc`) the last sign of life
 * does. In doubt the writer lives: waiting loses nothing.
 */
export function isOwnerAlive(trace: OwnerTrace, observer: Observer = createObserver()): boolean {
  const { owner, process: identity } = trace;
  if (identity !== undefined && observer.place !== undefined && isSamePlace(identity, observer.place)) {
    const startTicks = observer.startTicks(owner.pid);
    return startTicks === 'unknown' || startTicks === identity.startTicks;
  }
  const isHere = owner.host === observer.host && identity === undefined && observer.place === undefined;
  if (isHere && !observer.isProcessIdInUse(owner.pid)) return false;
  // A sign from the future is one of a clock that was set back since; it counts as recent.
  return observer.clock.now() - trace.lastSignMillis < lostAfterMillis;
}

function isSamePlace(identity: ProcessIdentity, place: Omit<ProcessIdentity, 'startTicks'>): boolean {
  return identity.bootId === place.bootId && identity.pidNamespace === place.pidNamespace;
}
