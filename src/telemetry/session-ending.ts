import { sessionEndOnCancel, sessionEndOnThrow } from '../domain/outcome.ts';
import { attribute } from './conventions.ts';
import { toErrorRecord } from './error-record.ts';
import type { ImportOutcome } from './import-outcome.ts';
import type { SessionCore } from './session-core.ts';
import {
  countAttributes,
  type SessionEnding,
  sessionCompleteEvent,
  sessionErrorEvent,
  sessionUnknownEvent,
} from './session-events.ts';
import type { UnitFailure } from './unit.ts';

/** The normal end: what is open ends, and the session takes its outcome. */
export function completeSession(core: SessionCore): ImportOutcome {
  if (core.signal?.aborted === true && core.items.notStarted.count > 0) {
    return cancelSession(core, toErrorRecord(core.signal.reason).message);
  }
  core.abandonSteps();
  core.items.close('the session ended around it', { withPending: true });
  if (core.items.isProgressDueAtEnd()) core.tellProgress();
  core.sync(true);
  return closeSession(core);
}

/** What a throw of the block does: open items end, the session fails, and its own error is on record. */
export function failSession(core: SessionCore, error: unknown): ImportOutcome {
  const origin = core.items.isItemError(error) ? 'item' : 'session';
  const record = toErrorRecord(error, core.signal);
  if (origin === 'session') {
    core.unit.recordException(record);
    core.runtime.metrics.errorRecorded(record.diagnosis.category);
    core.unit.emit(sessionErrorEvent(core.id, record));
  }
  core.abandonSteps();
  core.items.close('the session failed around it', { withPending: false });
  if (core.items.isProgressDueAtEnd()) core.tellProgress();
  const end = sessionEndOnThrow(core.state, { origin, isRetryable: record.diagnosis.isRetryable });
  if (end !== undefined) core.machine.transition(end, record.summary);
  return closeSession(core, record);
}

/** The end on purpose: open items end as failed, what has not begun stays pending and is listed. */
export function cancelSession(core: SessionCore, why: string): ImportOutcome {
  const reason = why.trim() === '' ? 'canceled' : `canceled: ${why}`;
  core.abandonSteps();
  core.items.close(reason, { withPending: false });
  if (core.items.isProgressDueAtEnd()) core.tellProgress();
  const end = sessionEndOnCancel(core.state);
  if (end !== undefined) core.machine.transition(end, reason, { not_started: notStartedOf(core) });
  return closeSession(core);
}

/** The block went away without telling how it ended: nothing is claimed. */
export function letSessionGo(core: SessionCore): ImportOutcome {
  core.unit.emit(sessionUnknownEvent(core.id, core.state));
  core.abandonSteps();
  core.items.close('the session was let go around it', { withPending: false });
  return closeSession(core, { message: 'outcome unknown' });
}

/** How a run that was never begun is told. */
export function skippedOutcome(core: SessionCore, counts: ImportOutcome['counts']): ImportOutcome {
  return { ...outcomeOf(core, 0), reason: `already ${core.state}`, counts, partial: isPartial(counts), skipped: true };
}

function closeSession(core: SessionCore, failure?: UnitFailure): ImportOutcome {
  core.places.close();
  const outcome = outcomeOf(core, core.unit.elapsedMillis());
  core.unit.emit(sessionCompleteEvent(endingOf(core, outcome)));
  const { state, partial, reason, counts } = outcome;
  const { overflow } = core.places;
  const isFailed = failure !== undefined || state === 'failed' || state === 'error';
  core.unit.end(isFailed ? (failure ?? { message: reason ?? state }) : undefined, {
    [attribute.outcome]: state,
    [attribute.partial]: partial,
    ...countAttributes(counts),
    ...(overflow > 0 && { [attribute.overflow]: overflow }),
  });
  core.runtime.metrics.sessionEnded({ ...core.metricAttributes, outcome: state }, outcome.durationMillis / 1_000);
  core.closed();
  return outcome;
}

function outcomeOf(core: SessionCore, durationMillis: number): ImportOutcome {
  const counts = core.items.tally.counts();
  return {
    id: core.id,
    state: core.state,
    reason: core.reason,
    attempt: core.machine.attempt,
    counts,
    partial: isPartial(counts),
    durationMillis,
    skipped: false,
    failures: core.items.failures.entries,
    notStarted: notStartedOf(core),
    traceId: core.unit.spanContext.traceId,
  };
}

function endingOf(core: SessionCore, outcome: ImportOutcome): SessionEnding {
  const { reason, durationMillis, partial, notStarted } = outcome;
  const { declared } = core;
  return { ...core.facts(), reason, durationMillis, partial, notStarted, declared };
}

function notStartedOf(core: SessionCore): ImportOutcome['notStarted'] {
  return { count: core.items.notStarted.count, ids: core.items.notStarted.entries };
}

function isPartial(counts: ImportOutcome['counts']): boolean {
  return counts.imported > 0 && counts.failed > 0;
}
