import type { SessionState } from '../domain/session-states.ts';
import type { ItemCounts } from '../domain/statistics.ts';

/** One failed item of a session, by name and cause. */
export interface ItemFailure {
  readonly itemId: string;
  readonly state: 'failed' | 'missing';
  readonly category: string;
  readonly reason: string;
}

/** Items that a session never got to. */
export interface NotStarted {
  /** As far as it is known; at least the length of `ids`. */
  readonly count: number;
  /** The first 20. */
  readonly ids: readonly string[];
}

/** How a run of a session ended. */
export interface ImportOutcome {
  readonly id: string;
  readonly state: SessionState;
  /** Reason of the last transition. */
  readonly reason: string | undefined;
  /** Which run of the session it was, from 1. */
  readonly attempt: number;
  /** Items of the whole session, earlier runs included. */
  readonly counts: ItemCounts;
  /** Some items were imported and some failed. */
  readonly partial: boolean;
  readonly durationMillis: number;
  /** The session had ended before: nothing was run, the counts are those stored, where they are known. */
  readonly skipped: boolean;
  /** The first 20 failures of this run; `counts.failed` has their number. */
  readonly failures: readonly ItemFailure[];
  readonly notStarted: NotStarted;
  /** 32 hex digits; with the OpenTelemetry SDK the trace to look at. */
  readonly traceId: string;
}
