import { noItemsNote, outcomeOf } from './outcome.ts';
import { isTerminalSessionState, type SessionState, sessionStates } from './session-states.ts';
import { allFinished, type ItemCounts } from './statistics.ts';

/** What a consistency check may know besides the states. What is left out is unknown and never held against a session. */
export interface ConsistencyFacts {
  /** No item can join any more. */
  readonly closed?: boolean;
  /** The verdict on the session is `running`: a moment without items is then no issue. */
  readonly running?: boolean;
  /** An error of the session itself is recorded. */
  readonly sessionErrorRecorded?: boolean;
  /** A forced transition is recorded. */
  readonly forced?: boolean;
  /** Reason of the transition that ended the session. */
  readonly endReason?: string;
  /** Counts stored with the session. */
  readonly storedCounts?: ItemCounts;
  /** Target of the last recorded transition. */
  readonly lastRecordedState?: string;
}

/** The consistency rules by number: what each one finds. */
export const consistencyRules = {
  1: 'A session at work, or an ended one that does not say why, has no items.',
  2: 'A session is imported and an item is not finished.',
  3: 'A session is open, its items are closed and all finished.',
  4: 'A session has not begun and an item is in work.',
  5: 'A session failed, its items are all finished and one was imported.',
  6: 'A session is imported, no item was and one failed.',
  7: 'A session ended and left items open, or ended in error without a cause.',
  8: 'What is stored differs from what is recorded.',
} as const;

/** Number of a consistency rule. */
export type ConsistencyRule = keyof typeof consistencyRules;

/** One finding. */
export interface ConsistencyIssue {
  readonly rule: ConsistencyRule;
  readonly message: string;
  readonly recommendation: string;
}

/** A session, its counts and what else is known: what the rules look at. */
export interface ConsistencySubject {
  readonly state: SessionState;
  readonly counts: ItemCounts;
  readonly facts: ConsistencyFacts;
}

type Check = (subject: ConsistencySubject) => ConsistencyIssue | undefined;

/** What the rules find wrong, by rule. */
export function findIssues(subject: ConsistencySubject): readonly ConsistencyIssue[] {
  return checks.flatMap((check) => check(subject) ?? []);
}

const checks: readonly Check[] = [
  workWithoutItems,
  endWithoutItems,
  importedWithOpenItems,
  openWithFinishedItems,
  workBeforeBegin,
  failedWithSuccess,
  importedWithoutSuccess,
  endedWithActiveItems,
  expiredWithPendingItems,
  errorWithoutCause,
  storedCountsDiffer,
  storedStateDiffers,
];

function workWithoutItems({ state, counts, facts }: ConsistencySubject): ConsistencyIssue | undefined {
  const atWork = state === 'processing' || state === 'enqueued' || state === 'importing';
  if (!atWork || counts.total > 0 || facts.running === true) return undefined;
  return issue(
    1,
    `The session is ${state} and has no items.`,
    'Find out whether the items were ever found; end the session if its process is gone.',
  );
}

function endWithoutItems({ state, counts, facts: { endReason } }: ConsistencySubject): ConsistencyIssue | undefined {
  if (!isTerminalSessionState(state) || counts.total > 0 || endReason === undefined) return undefined;
  const told = state === 'imported' ? endReason.includes(noItemsNote) : endReason.trim() !== '';
  if (told) return undefined;
  return issue(
    1,
    `The session ended in ${state} without items, and its end does not say why.`,
    'Find out why no item was found, and whether the input was the right one.',
  );
}

function importedWithOpenItems({ state, counts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (state !== 'imported' || allFinished(counts)) return undefined;
  return issue(
    2,
    `The session is imported and ${counts.pending + counts.processing} of ${counts.total} items are not finished.`,
    'Finish or fail the open items; import them in a new session linked to this one.',
  );
}

function openWithFinishedItems({ state, counts, facts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (isTerminalSessionState(state) || facts.closed !== true || counts.total === 0 || !allFinished(counts))
    return undefined;
  return issue(
    3,
    `The session is ${state} and all its ${counts.total} items are finished.`,
    `Synchronise the session; by the outcome rule it ends ${outcomeOf(counts).state}.`,
  );
}

function workBeforeBegin({ state, counts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (sessionStates[state].kind !== 'initial' || counts.processing === 0) return undefined;
  return issue(
    4,
    `The session is ${state} and ${counts.processing} items are in work.`,
    'Synchronise the session; it goes to importing along the legal path.',
  );
}

function failedWithSuccess({ state, counts, facts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (state !== 'failed' || !allFinished(counts) || counts.imported === 0) return undefined;
  if (facts.sessionErrorRecorded === true || facts.forced === true) return undefined;
  return issue(
    5,
    `The session failed although ${counts.imported} of ${counts.total} items were imported.`,
    'Look for an error of the session itself; if there is none, force it to imported with that reason.',
  );
}

function importedWithoutSuccess({ state, counts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (state !== 'imported' || counts.imported > 0 || counts.failed === 0) return undefined;
  return issue(
    6,
    `The session is imported although no item was and ${counts.failed} failed.`,
    'Look at the failed items, then force the session to failed so that they can be retried.',
  );
}

function endedWithActiveItems({ state, counts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (!isTerminalSessionState(state) || state === 'imported' || counts.processing === 0) return undefined;
  return issue(
    7,
    `The session ended in ${state} and ${counts.processing} items are still in work.`,
    'Fail the open items as aborted; make sure that no worker holds them.',
  );
}

function expiredWithPendingItems({ state, counts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (state !== 'expired' || counts.pending === 0) return undefined;
  return issue(
    7,
    `The session expired and ${counts.pending} items are still pending.`,
    'Fail the pending items, or import them in a new session.',
  );
}

function errorWithoutCause({ state, counts, facts }: ConsistencySubject): ConsistencyIssue | undefined {
  if (state !== 'error' || counts.total === 0 || !allFinished(counts) || counts.failed > 0) return undefined;
  if (facts.sessionErrorRecorded === true) return undefined;
  return issue(
    7,
    'The session ended in error, no item failed and no error of the session is recorded.',
    'Look for the error in the trace; if there is none, force the session to imported with that reason.',
  );
}

const countNames = ['total', 'pending', 'processing', 'imported', 'skipped', 'failed', 'missing'] as const;

function storedCountsDiffer({ counts, facts: { storedCounts } }: ConsistencySubject): ConsistencyIssue | undefined {
  if (storedCounts === undefined) return undefined;
  const differing = countNames.filter((name) => storedCounts[name] !== counts[name]);
  if (differing.length === 0) return undefined;
  const list = differing.map((name) => `${name} ${storedCounts[name]} instead of ${counts[name]}`).join(', ');
  return issue(
    8,
    `The stored counts differ from the items: ${list}.`,
    'Synchronise the session to store the counts of its items.',
  );
}

function storedStateDiffers({ state, facts: { lastRecordedState } }: ConsistencySubject): ConsistencyIssue | undefined {
  if (lastRecordedState === undefined || lastRecordedState === state) return undefined;
  return issue(
    8,
    `The stored state is ${state}, the last recorded transition led to ${lastRecordedState}.`,
    'Find out who changed the row by hand; the recorded transitions are the truth.',
  );
}

function issue(rule: ConsistencyRule, message: string, recommendation: string): ConsistencyIssue {
  return { rule, message, recommendation };
}
