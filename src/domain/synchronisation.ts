import { IllegalTransitionError } from './illegal-transition.ts';
import { legalPath } from './legal-path.ts';
import { outcomeOf, type SessionOutcome } from './outcome.ts';
import { isTerminalSessionState, type SessionState } from './session-states.ts';
import { allFinished, type ItemCounts } from './statistics.ts';
import { sessionMachine } from './transition.ts';

/** What is known of a session when it is held against its items. */
export interface SessionSituation {
  readonly id: string;
  readonly state: SessionState;
  readonly counts: ItemCounts;
  /** No item can join any more: the block ended, the set was sealed, or the declared total is reached. */
  readonly closed: boolean;
}

/** One automatic move of a session. */
export interface SessionStep {
  readonly to: SessionState;
  readonly reason: string;
}

/** The answer of {@link synchronise}: what to do, not done yet. */
export interface Synchronisation {
  /** Moves to make in order, each recorded as automatic; empty where the session stays. */
  readonly steps: readonly SessionStep[];
  /** Which rule decided. */
  readonly rule: 'ended' | 'empty' | 'outcome' | 'at_work' | 'waiting';
  /** The outcome where the session ends by it. */
  readonly outcome?: SessionOutcome;
}

/**
 * Holds a session against its items and says what follows. In this order: an ended session stays; one without items
 * stays while items may join; a closed one whose items are all finished ends by the outcome rule; one with an item in
 * work is `importing`; any other stays.
 *
 * @throws IllegalTransitionError where no legal path leads to the state that follows.
 */
export function synchronise(situation: SessionSituation): Synchronisation {
  const { state, counts, closed } = situation;
  if (isTerminalSessionState(state)) return { rule: 'ended', steps: [] };
  if (counts.total === 0 && !closed) return { rule: 'empty', steps: [] };
  if (closed && allFinished(counts)) {
    const outcome = outcomeOf(counts);
    return { rule: 'outcome', outcome, steps: walk(situation, outcome.state, outcome.reason) };
  }
  if (counts.processing > 0) return { rule: 'at_work', steps: walk(situation, 'importing', 'items are in work') };
  return { rule: 'waiting', steps: [] };
}

function walk(situation: SessionSituation, to: SessionState, reason: string): readonly SessionStep[] {
  const { id, state } = situation;
  const path = legalPath(sessionMachine, state, to);
  if (path === undefined) {
    throw new IllegalTransitionError({ machine: 'session', id, from: state, to, allowed: sessionMachine.next(state) });
  }
  return path.map((step) => ({ to: step, reason: step === to ? reason : `on the way to ${to}: ${reason}` }));
}
