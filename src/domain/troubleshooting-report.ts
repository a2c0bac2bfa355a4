import type { ErrorSeverity } from './diagnosis-patterns.ts';
import { failedShare, recommendForCounts, recommendForSession } from './recommendations.ts';
import type { SessionState } from './session-states.ts';
import { type ItemCounts, successRate } from './statistics.ts';

/** One error record of a session. */
export interface RecordedError {
  /** Absent where the error is the session's own. */
  readonly itemId?: string;
  /** Category of the diagnosis, not of the log. */
  readonly category?: string;
  readonly message?: string;
  readonly recommendedActions?: readonly string[];
}

/** What is known of a session that is in trouble. */
export interface TroubledSession {
  readonly sessionId: string;
  readonly sessionState: SessionState;
  readonly counts: ItemCounts;
  readonly errors: readonly RecordedError[];
}

/** What went wrong in a session, how often, and what to do. */
export interface TroubleshootingReport {
  readonly sessionId: string;
  readonly sessionState: SessionState;
  readonly totalErrors: number;
  /** How often each diagnosed category occurred, the most frequent first. */
  readonly errorCategories: Readonly<Record<string, number>>;
  readonly topErrorCategory?: string;
  /** First what the errors recommend, those of the most frequent category leading, then what state and counts suggest. */
  readonly recommendedActions: readonly string[];
  readonly stats: ItemCounts & { readonly successRate: number | undefined };
  /** By the share of items that failed. */
  readonly severity: ErrorSeverity;
}

const maxActions = 50;
const criticalShare = 0.8;
const highShare = 0.5;
const mediumShare = 0.2;

/** Makes the report of a session. */
export function troubleshootingReport(session: TroubledSession): TroubleshootingReport {
  const { sessionId, sessionState, counts, errors } = session;
  const categories = byFrequency(errors);
  const top = categories[0]?.[0];
  return {
    sessionId,
    sessionState,
    totalErrors: errors.length,
    errorCategories: Object.fromEntries(categories),
    ...(top !== undefined && { topErrorCategory: top }),
    recommendedActions: actionsFor(session, categories),
    stats: { ...counts, successRate: successRate(counts) },
    severity: severityOf(counts),
  };
}

/** How bad a session is: by the share of its items that failed, `low` where it has none. */
export function severityOf(counts: ItemCounts): ErrorSeverity {
  const share = failedShare(counts);
  if (share > criticalShare) return 'critical';
  if (share > highShare) return 'high';
  return share > mediumShare ? 'medium' : 'low';
}

type Frequencies = readonly (readonly [category: string, count: number])[];

function byFrequency(errors: readonly RecordedError[]): Frequencies {
  const counts = new Map<string, number>();
  for (const error of errors) counts.set(categoryOf(error), (counts.get(categoryOf(error)) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function categoryOf(error: RecordedError): string {
  return error.category ?? 'unknown';
}

function actionsFor({ sessionState, counts, errors }: TroubledSession, categories: Frequencies): readonly string[] {
  const fromErrors = categories.flatMap(([category]) =>
    errors.filter((error) => categoryOf(error) === category).flatMap((error) => error.recommendedActions ?? []),
  );
  const all = [
    ...new Set([...fromErrors, ...recommendForSession(sessionState, counts), ...recommendForCounts(counts)]),
  ];
  if (all.length <= maxActions) return all;
  return [...all.slice(0, maxActions), `${all.length - maxActions} further actions are left out.`];
}
