import { eventText } from '../rendering/event-text.ts';
import { duration } from '../rendering/quantities.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { EventRow, SessionRow, UnitRow } from './rows.ts';

/** One line of the story of a session. */
export interface TimelineEntry {
  readonly time: Date;
  /** Since the start of the run, in milliseconds. */
  readonly elapsed_ms: number;
  /** Since the entry before, in milliseconds; null for the first. */
  readonly gap_ms: number | null;
  /** Event name, or `step NAME`. */
  readonly what: string;
  readonly item_id: string | null;
  readonly result: string;
}

/** The newest `last` entries of a session's story: every record of the audit log, and steps as they began and ended. */
export async function readTimeline(
  reader: LedgerReader,
  session: SessionRow,
  last: number,
): Promise<readonly TimelineEntry[]> {
  const events = await reader.events({ sessionId: session.id }, last);
  const units = await reader.units({ sessionId: session.id, units: ['step', 'task', 'batch'] }, last);
  const moments = [...events.map(eventMoment), ...units.flatMap(unitMoments)];
  moments.sort((a, b) => a.time.getTime() - b.time.getTime());
  return toEntries(moments, session).slice(-last);
}

/** Records in time order as entries, with elapsed time and gaps. */
export function eventTimeline(events: readonly EventRow[], session: SessionRow): readonly TimelineEntry[] {
  return toEntries(events.map(eventMoment), session);
}

type Moment = Pick<TimelineEntry, 'time' | 'what' | 'item_id' | 'result'>;

function eventMoment(row: EventRow): Moment {
  return { time: row.created_at, what: row.event, item_id: row.item_id, result: eventText({ ...row, item_id: null }) };
}

function unitMoments(row: UnitRow): readonly Moment[] {
  const what = `${row.unit} ${row.step_name}`;
  const began: Moment = { time: row.created_at, what, item_id: row.item_id, result: 'begins' };
  if (row.ended_at === null) return [{ ...began, result: 'begins, still open' }];
  const took = row.duration_ms === null ? '' : ` in ${duration(row.duration_ms)}`;
  const error = row.error_message === null ? '' : `: ${row.error_message}`;
  return [began, { time: row.ended_at, what, item_id: row.item_id, result: `${row.status}${took}${error}` }];
}

function toEntries(moments: readonly Moment[], session: SessionRow): readonly TimelineEntry[] {
  const start = session.started_at ?? moments[0]?.time;
  return moments.map((moment, index) => {
    const before = moments[index - 1];
    return {
      time: moment.time,
      elapsed_ms: start === undefined ? 0 : moment.time.getTime() - start.getTime(),
      gap_ms: before === undefined ? null : moment.time.getTime() - before.time.getTime(),
      what: moment.what,
      item_id: moment.item_id,
      result: moment.result,
    };
  });
}
