import type { ItemState } from '../domain/item-states.ts';
import type { SessionState } from '../domain/session-states.ts';
import type { ItemCounts } from '../domain/statistics.ts';

/** What is known of a session before this run of it. */
export interface SessionPast {
  readonly state: SessionState;
  readonly attempt: number;
  /** Highest version written so far, microseconds since the epoch. */
  readonly version: number;
  /** The process of the last run is gone, and somebody else has closed the session for it. */
  readonly isInterrupted?: boolean;
  /** Counts as they are stored, where they are known: what a skipped run answers with. */
  readonly counts?: ItemCounts;
  /** Items that exist already, by id. Loaded only when the session is taken up again. */
  items(): Promise<ReadonlyMap<string, ItemPast>>;
}

export interface ItemPast {
  readonly state: ItemState;
  readonly attempt: number;
  readonly version: number;
}

/** Looks up what earlier runs left behind. Must resolve, with `undefined` where nothing is known, within a bounded time. */
export interface SessionHistory {
  lookup(sessionId: string): Promise<SessionPast | undefined>;
  /** What this machine knows by itself, at once. Never throws. */
  lastKnown?(sessionId: string): Omit<SessionPast, 'items'> | undefined;
}

const key = Symbol.for('spanledger.session-history.v1');
const slot = globalThis as { [key]?: SessionHistory | undefined };

/** Registers the history of this process; `undefined` removes it. */
export function setSessionHistory(history: SessionHistory | undefined): void {
  slot[key] = history;
}

/** The registered history, if there is one. */
export function sessionHistory(): SessionHistory | undefined {
  return slot[key];
}
