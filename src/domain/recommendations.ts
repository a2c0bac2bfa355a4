import type { Diagnosis } from './diagnosis.ts';
import { outcomeOf } from './outcome.ts';
import { isTerminalSessionState, type SessionState, sessionStates } from './session-states.ts';
import { allFinished, type ItemCounts, successRate } from './statistics.ts';

const mostly = 0.5;

/** What to do about a session, from its state and the counts of its items. */
export function recommendForSession(state: SessionState, counts: ItemCounts): readonly string[] {
  switch (state) {
    case 'error':
      return [
        'Find the root cause in the error record of the session.',
        'Run the consistency check.',
        'Then start a new session; this one is not run again.',
      ];
    case 'failed':
      return failedShare(counts) > mostly ? suspectCommonCause : ['Retry the failed items one by one.'];
    case 'imported':
      return [importedLine(counts), ...(counts.failed > 0 ? ['Import the failed items in a new session.'] : [])];
    case 'canceled':
      return counts.pending > 0 ? [`Import the ${counts.pending} items that were not started in a new session.`] : [];
    case 'expired':
      return ['Start a new session before its deadline.'];
    default:
      return forOpenSession(state, counts);
  }
}

/** What to do about a failed item: what its diagnosis recommends, then whether to retry. */
function recommendForItem(
  diagnosis: Pick<Diagnosis, 'recommendedActions' | 'isRetryable' | 'retry'>,
): readonly string[] {
  const retry = diagnosis.isRetryable
    ? `Retry the item (${diagnosis.retry}).`
    : 'Do not retry before the cause is gone.';
  return [...diagnosis.recommendedActions, retry];
}

/** What the counts alone suggest. */
export function recommendForCounts(counts: ItemCounts): readonly string[] {
  if (counts.total === 0) return ['Check whether the input was the right one; no item was found.'];
  const advice: string[] = [];
  if (failedShare(counts) > mostly) advice.push(...suspectCommonCause);
  if (counts.missing > counts.total * mostly) {
    advice.push('Check that the source is mounted and was not moved; most items are missing.');
  }
  if (counts.skipped > counts.total * mostly) {
    advice.push('Compare with earlier sessions of the same account; most items are duplicates.');
  }
  return advice;
}

/** Actions for a session state, an item error and a count pattern. */
export const ActionRecommender = {
  forSession: recommendForSession,
  forItem: recommendForItem,
  forCounts: recommendForCounts,
} as const;

const suspectCommonCause: readonly string[] = [
  'Suspect a common cause: most items failed.',
  'Check the set-up, free disk space and access rights.',
  'Look for a pattern in the errors: one folder, one type, one time.',
];

function forOpenSession(state: SessionState, counts: ItemCounts): readonly string[] {
  if (isTerminalSessionState(state) || sessionStates[state].kind === 'initial') return [];
  if (counts.processing > 0) return [];
  if (counts.total > 0 && allFinished(counts)) {
    return [
      'Run the consistency check.',
      `Synchronise the session; by the outcome rule it ends ${outcomeOf(counts).state}.`,
    ];
  }
  return ['Run the consistency check; nothing is in work.', 'Check whether the process that owns the session lives.'];
}

function importedLine(counts: ItemCounts): string {
  const rate = successRate(counts);
  const share = rate === undefined ? 'no item was judged' : `${Math.round(rate * 1000) / 10} % of the judged items`;
  return `Imported ${counts.imported} (${share}), ${counts.skipped} duplicates, ${counts.failed} failed.`;
}

/** Share of the items that failed; 0 where there are none. */
export function failedShare(counts: ItemCounts): number {
  return counts.total === 0 ? 0 : counts.failed / counts.total;
}
