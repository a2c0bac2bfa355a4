import { canCancelSession, isTerminalSessionState, type SessionState, sessionNext } from './session-states.ts';
import type { ItemCounts } from './statistics.ts';

/** Reason and note of a session that ended without items. */
export const noItemsNote = 'no_items';

/** How a session ends whose items are all finished. */
export interface SessionOutcome {
  readonly state: 'imported' | 'failed';
  /** Some items were imported and some failed. */
  readonly partial: boolean;
  /** `no_items` where there were none. */
  readonly note?: typeof noItemsNote;
  /** The outcome in a sentence: the reason of the transition. */
  readonly reason: string;
}

/**
 * The outcome rule: a success makes the session `imported`; else a failure makes it `failed`; else, with nothing but
 * duplicates or nothing at all, it is `imported`.
 */
export function outcomeOf(counts: ItemCounts): SessionOutcome {
  if (counts.total === 0) return { state: 'imported', partial: false, note: noItemsNote, reason: noItemsNote };
  const state = counts.imported === 0 && counts.failed > 0 ? 'failed' : 'imported';
  return { state, partial: counts.imported > 0 && counts.failed > 0, reason: outcomeReason(counts) };
}

function outcomeReason(counts: ItemCounts): string {
  const missing = counts.missing > 0 ? ` (${counts.missing} missing)` : '';
  const finished = counts.total === 1 ? 'the only item finished' : `all ${counts.total} items finished`;
  return `${finished}: ${counts.imported} imported, ${counts.skipped} skipped, ${counts.failed} failed${missing}`;
}

/** What left the session block as an exception. */
export interface SessionThrow {
  /** An item's error that nobody caught, or the session's own. */
  readonly origin: 'item' | 'session';
  /** The answer of the diagnosis. */
  readonly isRetryable: boolean;
}

/**
 * The state a session ends in when an exception leaves its block; `undefined` where it has ended already and stays.
 * An item's error and an own error that may pass end in `failed`, any other in `error`, and so does every exception
 * before work began, since `pending` and `ready` cannot go to `failed`.
 */
export function sessionEndOnThrow(state: SessionState, thrown: SessionThrow): 'failed' | 'error' | undefined {
  if (isTerminalSessionState(state)) return undefined;
  const wanted = thrown.origin === 'item' || thrown.isRetryable ? 'failed' : 'error';
  return sessionNext(state).includes(wanted) ? wanted : 'error';
}

/** The state a canceled session ends in; `undefined` where it has ended already and stays. */
export function sessionEndOnCancel(state: SessionState): 'canceled' | undefined {
  return canCancelSession(state) ? 'canceled' : undefined;
}

/** What to do with a session that somebody wants to run. */
export type SessionEntry = 'begin' | 'resume' | 'retry' | 'skip' | 'refuse';

/**
 * Whether and how a session in `state` may be run: an ended one is skipped, one in `error` is refused, one in `failed` is
 * retried, one that was left at work is resumed.
 */
export function sessionEntry(state: SessionState): SessionEntry {
  switch (state) {
    case 'pending':
    case 'ready':
      return 'begin';
    case 'expanding':
    case 'processing':
    case 'enqueued':
    case 'importing':
      return 'resume';
    case 'failed':
      return 'retry';
    case 'error':
      return 'refuse';
    case 'imported':
    case 'canceled':
    case 'expired':
      return 'skip';
    default:
      return state satisfies never;
  }
}
