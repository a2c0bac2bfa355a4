import type { Attributes } from '@opentelemetry/api';
import type { SessionState } from '../domain/session-states.ts';
import { finishedCount, type ItemCounts } from '../domain/statistics.ts';
import { attribute, event } from './conventions.ts';
import { diagnosisDetails, type ErrorRecord } from './error-record.ts';
import type { NotStarted } from './import-outcome.ts';
import { labelOf } from './transition-event.ts';
import type { UnitEvent } from './unit-event.ts';

/** What every event of a session tells of it. */
export interface SessionFacts {
  readonly id: string;
  readonly kind: string;
  readonly accountId: string | undefined;
  readonly state: SessionState;
  readonly attempt: number;
  readonly counts: ItemCounts;
}

/** The counts of a session as attributes. */
export function countAttributes(counts: ItemCounts): Attributes {
  return {
    [attribute.countTotal]: counts.total,
    [attribute.countPending]: counts.pending,
    [attribute.countProcessing]: counts.processing,
    [attribute.countImported]: counts.imported,
    [attribute.countSkipped]: counts.skipped,
    [attribute.countFailed]: counts.failed,
    [attribute.countMissing]: counts.missing,
  };
}

/** A run of the session begins. It tells the state the session is in, so that a row exists before any work. */
export function sessionStartEvent(facts: SessionFacts): UnitEvent {
  const { id, kind, accountId, attempt, counts, state } = facts;
  return {
    name: event.sessionStart,
    level: 'info',
    category: 'state_transition',
    message: `session ${labelOf(id)} (${kind}) starts${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    details: { session_id: id, account_id: accountId, kind, attempt },
    attributes: { [attribute.toState]: state, [attribute.attempt]: attempt, ...countAttributes(counts) },
  };
}

/** A session that another run left open is taken up again. */
export function sessionRecoveredEvent(facts: SessionFacts): UnitEvent {
  const { id, state, attempt, counts } = facts;
  return {
    name: event.sessionRecovered,
    level: 'warning',
    category: 'state_transition',
    message: `session ${labelOf(id)}, left ${state} by an earlier run, is taken up again`,
    reason: `left ${state} by attempt ${attempt - 1}`,
    details: { state, attempt, items: counts },
    attributes: { [attribute.attempt]: attempt, ...countAttributes(counts) },
  };
}

/** The session had ended before; no work is done. */
export function sessionSkipEvent(id: string, state: SessionState): UnitEvent {
  const refused = state === 'error';
  const note = refused ? 'refused: ended in error' : `already ${state}`;
  return {
    name: event.sessionSkip,
    level: refused ? 'warning' : 'info',
    category: 'state_transition',
    message: `session ${labelOf(id)} is not run: ${note}`,
    reason: note,
    details: { session_id: id, note },
  };
}

/** How far the session is. */
export function sessionProgressEvent(facts: SessionFacts, itemId: string | undefined): UnitEvent {
  const { id, counts } = facts;
  const done = finishedCount(counts);
  const progress = `${done}/${counts.total}`;
  const { imported, skipped, failed } = counts;
  return {
    name: event.sessionProgress,
    level: 'info',
    category: 'performance',
    message: `session ${labelOf(id)}: ${progress} (${imported} imported, ${skipped} skipped, ${failed} failed)`,
    details: { progress, done, total: counts.total, item_id: itemId, imported, duplicates: skipped, failed },
    attributes: { [attribute.done]: done, [attribute.total]: counts.total, ...countAttributes(counts) },
  };
}

/** How a run of the session ended. */
export interface SessionEnding extends SessionFacts {
  readonly reason: string | undefined;
  readonly durationMillis: number;
  readonly partial: boolean;
  readonly notStarted: NotStarted;
  readonly declared: number | undefined;
}

/** The run of the session ended, whatever the way out; the status tells. */
export function sessionCompleteEvent(ending: SessionEnding): UnitEvent {
  const { id, accountId, state, reason, counts, partial, durationMillis, notStarted, declared } = ending;
  const { imported, skipped, failed, missing } = counts;
  const seconds = durationMillis / 1_000;
  return {
    name: event.sessionComplete,
    level: 'info',
    category: 'state_transition',
    message: `session ${labelOf(id)} ended ${state} after ${seconds.toFixed(3)} s: ${imported} imported, ${skipped} skipped, ${failed} failed`,
    ...(reason !== undefined && { reason }),
    details: {
      session_id: id,
      account_id: accountId,
      status: state,
      duration_seconds: seconds,
      imported,
      duplicates: skipped,
      failed,
      missing,
      processed_total: finishedCount(counts),
      total: counts.total,
      partial,
      ...(notStarted.count > 0 && { not_started: notStarted }),
      ...(declared !== undefined && declared !== counts.total && { declared_total: declared }),
    },
    attributes: {
      [attribute.outcome]: state,
      [attribute.durationMillis]: durationMillis,
      [attribute.partial]: partial,
      [attribute.attempt]: ending.attempt,
      ...countAttributes(counts),
    },
  };
}

/** The session itself failed, with its diagnosis. */
export function sessionErrorEvent(id: string, record: ErrorRecord): UnitEvent {
  return {
    name: event.sessionError,
    level: record.diagnosis.severity === 'critical' ? 'critical' : 'error',
    category: 'error',
    message: `session ${labelOf(id)}: ${record.summary}`,
    reason: record.summary,
    details: { session_id: id, ...diagnosisDetails(record) },
    attributes: { ...record.attributes },
  };
}

/** The block of the session went away without saying how it ended. */
export function sessionUnknownEvent(id: string, state: SessionState): UnitEvent {
  return {
    name: event.sessionError,
    level: 'error',
    category: 'error',
    message: `session ${labelOf(id)} was let go in ${state} without complete() or end(); its outcome is unknown`,
    reason: 'outcome unknown',
    details: { session_id: id, error: 'outcome unknown' },
    attributes: {
      [attribute.errorCategory]: 'unknown',
      [attribute.actions]: ['Call complete() at the end of the block, and end({ error }) where it breaks off.'],
    },
  };
}
