import type { TroubleshootingReport } from '../../domain/troubleshooting-report.ts';
import { event } from '../../telemetry/conventions.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { EventRow, SessionRow, StepSummary } from './rows.ts';
import { reportOn } from './session-report.ts';
import { eventTimeline, type TimelineEntry } from './timeline.ts';

/** Everything that `spanledger session` shows of a session. */
export interface SessionView {
  readonly session: SessionRow;
  /** Items that retention has removed. */
  readonly removedItems: number;
  readonly timeline: readonly TimelineEntry[];
  readonly slowestSteps: readonly StepSummary[];
  readonly errors: readonly EventRow[];
  readonly report: TroubleshootingReport;
}

const sessionEvents = [
  event.sessionStart,
  event.sessionTransition,
  event.sessionTransitionRefused,
  event.sessionComplete,
  event.sessionError,
  event.sessionSkip,
  event.sessionRecovered,
  event.sessionAutocompleted,
];

/** Reads everything about one session. */
export async function readSessionView(reader: LedgerReader, session: SessionRow): Promise<SessionView> {
  const sessionId = session.id;
  const milestones = await reader.events({ sessionId, events: sessionEvents }, 20);
  return {
    session,
    removedItems: await reader.removedItems(sessionId),
    timeline: eventTimeline(milestones, session),
    slowestSteps: await reader.slowestSteps(sessionId, 5),
    errors: await reader.events({ sessionId, levels: ['error', 'critical'] }, 10),
    report: await reportOn(reader, session),
  };
}
