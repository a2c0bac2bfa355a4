import { type ConsistencyReport, validateCounts } from '../../domain/consistency.ts';
import type { ConsistencyFacts } from '../../domain/consistency-rules.ts';
import { isItemState } from '../../domain/item-states.ts';
import { isSessionState } from '../../domain/session-states.ts';
import { createItemCounter, type ItemCounts } from '../../domain/statistics.ts';
import { event } from '../../telemetry/conventions.ts';
import { detailsOf } from '../rendering/event-text.ts';
import { counted } from '../rendering/quantities.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { EventRow, SessionRow, StateCount } from './rows.ts';

/** A session and what the consistency check found. */
export interface SessionCheck {
  readonly session: SessionRow;
  readonly report: ConsistencyReport;
}

/**
 * Holds a stored session against its items and its recorded transitions. A finding on an open session is looked at once
 * more, since it may have moved between two reads.
 */
export async function checkSession(reader: LedgerReader, session: SessionRow): Promise<SessionCheck> {
  const report = await checkOnce(reader, session);
  if (report.isConsistent) return { session, report };
  if (session.ended_at !== null) return { session, report: (await checkWithoutItems(reader, session)) ?? report };
  const [now = session] = await reader.sessions({ id: session.id, last: 1 });
  return { session: now, report: await checkOnce(reader, now) };
}

async function checkOnce(reader: LedgerReader, session: SessionRow): Promise<ConsistencyReport> {
  if (!isSessionState(session.state)) return unknownState(session.state);
  const counts = countStates(await reader.itemStates(session.id));
  return validateCounts(session.state, counts, await factsOf(reader, session));
}

/** Where retention has removed items, the counts of the session are all that tells of them. */
async function checkWithoutItems(reader: LedgerReader, session: SessionRow): Promise<ConsistencyReport | undefined> {
  const removed = await reader.removedItems(session.id);
  if (removed === 0 || !isSessionState(session.state)) return undefined;
  const report = validateCounts(session.state, storedCountsOf(session), await factsOf(reader, session));
  const note = `${counted(removed, 'item')} removed by retention, the stored counts stand for them`;
  return { ...report, notes: [...report.notes, note] };
}

async function factsOf(reader: LedgerReader, session: SessionRow): Promise<ConsistencyFacts> {
  const sessionId = session.id;
  const [lastTransition] = await reader.events({ sessionId, events: [event.sessionTransition] }, 1);
  const errors = await reader.events({ sessionId, events: [event.sessionError, event.sessionInterrupted] }, 1);
  const [open] = await reader.running({ sessionId, units: ['session'] }, 1);
  return {
    running: open?.verdict === 'running',
    closed: open?.verdict === 'lost',
    sessionErrorRecorded: errors.length > 0,
    forced: lastTransition !== undefined && isForced(lastTransition),
    ...(session.ended_at !== null && { storedCounts: storedCountsOf(session) }),
    ...(session.reason !== null && { endReason: session.reason }),
    ...(lastTransition?.to_state != null && { lastRecordedState: lastTransition.to_state }),
  };
}

function isForced(row: EventRow): boolean {
  return detailsOf(row.details).forced === true;
}

/** The counts that stand in a session's row. */
export function storedCountsOf(session: SessionRow): ItemCounts {
  const { total, pending, processing, imported, skipped, failed, missing } = session;
  return { total, pending, processing, imported, skipped, failed, missing };
}

function countStates(states: readonly StateCount[]): ItemCounts {
  const counter = createItemCounter();
  for (const { state, count } of states) {
    if (isItemState(state)) for (let index = 0; index < count; index += 1) counter.add(state);
  }
  return counter.counts();
}

function unknownState(state: string): ConsistencyReport {
  const message = `The session is in state ${state}, which this version does not know.`;
  const recommendation = 'Use the version of spanledger that wrote it, or a newer one.';
  return {
    isConsistent: false,
    issues: [{ rule: 8, message, recommendation }],
    notes: [],
    recommendations: [recommendation],
  };
}
