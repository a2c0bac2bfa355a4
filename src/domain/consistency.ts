import {
  type ConsistencyFacts,
  type ConsistencyIssue,
  type ConsistencySubject,
  findIssues,
} from './consistency-rules.ts';
import type { ItemState } from './item-states.ts';
import { noItemsNote } from './outcome.ts';
import { isTerminalSessionState, type SessionState } from './session-states.ts';
import { countItems, type ItemCounts, successRate } from './statistics.ts';

/** The result of a consistency check. */
export interface ConsistencyReport {
  readonly isConsistent: boolean;
  readonly issues: readonly ConsistencyIssue[];
  /** Worth knowing, not wrong: `partial` with its rate, `no_items`. */
  readonly notes: readonly string[];
  /** What to do, without repeats. */
  readonly recommendations: readonly string[];
}

/** Holds a session's state against the states of its items. */
export function validateConsistency(
  state: SessionState,
  itemStates: Iterable<ItemState>,
  facts: ConsistencyFacts = {},
): ConsistencyReport {
  return validateCounts(state, countItems(itemStates), facts);
}

/** Holds a session's state against the counts of its items. */
export function validateCounts(
  state: SessionState,
  counts: ItemCounts,
  facts: ConsistencyFacts = {},
): ConsistencyReport {
  const subject = { state, counts, facts };
  const issues = findIssues(subject);
  return {
    isConsistent: issues.length === 0,
    issues,
    notes: notesOn(subject),
    recommendations: [...new Set(issues.map((issue) => issue.recommendation))],
  };
}

/** The consistency check under the name that people look for. */
export const StateConsistencyValidator = { validate: validateConsistency } as const;

function notesOn({ state, counts }: ConsistencySubject): readonly string[] {
  const notes: string[] = [];
  const rate = successRate(counts);
  if (state === 'imported' && rate !== undefined && rate > 0 && rate < 1) {
    notes.push(`partial: ${counts.imported} imported, ${counts.failed} failed, success rate ${percent(rate)}`);
  }
  if (isTerminalSessionState(state) && counts.total === 0) notes.push(noItemsNote);
  if (isTerminalSessionState(state) && state !== 'imported' && counts.pending > 0) {
    notes.push(`not started: ${counts.pending} items`);
  }
  return notes;
}

function percent(rate: number): string {
  return `${Math.round(rate * 1000) / 10} %`;
}
