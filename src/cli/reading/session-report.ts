import { isSessionState, type SessionState } from '../../domain/session-states.ts';
import {
  type RecordedError,
  type TroubleshootingReport,
  troubleshootingReport,
} from '../../domain/troubleshooting-report.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { ErrorGroup, SessionRow } from './rows.ts';
import { storedCountsOf } from './session-check.ts';

/** The troubleshooting report of a stored session. */
export async function reportOn(reader: LedgerReader, session: SessionRow): Promise<TroubleshootingReport> {
  const groups = await reader.errorGroups(session.id);
  return troubleshootingReport({
    sessionId: session.id,
    sessionState: knownState(session.state),
    counts: storedCountsOf(session),
    errors: groups.flatMap(recordedErrors),
  });
}

/** A state that a newer version wrote is reported like an error: it needs a person. */
function knownState(state: string): SessionState {
  return isSessionState(state) ? state : 'error';
}

function recordedErrors({ category, actions, count }: ErrorGroup): readonly RecordedError[] {
  const error = { category, recommendedActions: Array.isArray(actions) ? actions.map(String) : [] };
  return new Array<RecordedError>(count).fill(error);
}

/** A report as an object for `--json`. */
export function reportJson(report: TroubleshootingReport): Readonly<Record<string, unknown>> {
  const { successRate, ...counts } = report.stats;
  return {
    session_id: report.sessionId,
    session_state: report.sessionState,
    severity: report.severity,
    total_errors: report.totalErrors,
    error_categories: report.errorCategories,
    top_error_category: report.topErrorCategory ?? null,
    recommended_actions: report.recommendedActions,
    stats: { ...counts, success_rate: successRate ?? null },
  };
}
