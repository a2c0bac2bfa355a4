import { interruptedMark } from '../../domain/interruption.ts';
import { event } from '../../telemetry/conventions.ts';
import { detailsOf, eventText } from '../rendering/event-text.ts';
import type { EventFilter, LedgerReader } from './ledger-reader.ts';
import type { EventRow, UnitRow } from './rows.ts';
import type { Run } from './runs.ts';

/** The last thing that work told of itself. */
export interface LastRecord {
  readonly time: Date;
  readonly event: string;
  /** Unit that told it, in words. */
  readonly unit: string;
  readonly message: string;
}

/** What is on record of a run besides its steps. */
export interface Trail {
  readonly last: LastRecord | undefined;
  /** How far it came, in words. */
  readonly progress: string | undefined;
  /** Its last error in words, and the record of it. */
  readonly error: string | undefined;
  readonly errorRow: EventRow | undefined;
  /** Who closed it in place of its process. */
  readonly interruption: EventRow | undefined;
  /** The last record of a blocked event loop. */
  readonly stall: EventRow | undefined;
  readonly hasLostRecords: boolean;
}

/** What others write about work: it says nothing of how far that came. */
const foreign: readonly string[] = [
  event.sessionInterrupted,
  event.itemInterrupted,
  event.stepInterrupted,
  event.sessionSilent,
  event.sessionStuck,
  event.stallBegin,
  event.stallSample,
  event.stallEnd,
  event.consistency,
  event.incident,
];
const interruptions = [event.sessionInterrupted, event.itemInterrupted, event.stepInterrupted];
const progressEvents = [event.sessionProgress, event.stepProgress];
const losses = [event.dropped, event.writeFailed];
/** Records of these levels have an index of their own. */
const errorLevels = ['error', 'critical'];
const looked = 200;

/** Reads what is on record of a run. */
export async function readTrail(reader: LedgerReader, run: Run | undefined): Promise<Trail> {
  if (run === undefined) return nothing;
  const filter = eventFilterOf(run);
  const events = await reader.events(filter, looked);
  const own = events.filter(isOwn);
  const errors = (await reader.events({ ...filter, levels: errorLevels }, looked)).filter(isOwn);
  const [progress] = await reader.events({ ...filter, events: progressEvents }, 1);
  const [interruption] = await reader.events({ ...filter, events: interruptions }, 1);
  const [stall] = await reader.events({ ...filter, events: [event.stallBegin, event.stallSample] }, 1);
  const lost = await reader.events({ levels: errorLevels, events: losses, since: run.startedAt }, 1);
  const units = await reader.units(run.filter, looked);
  const errorRow = errors.at(-1);
  return {
    last: lastOf(own, units),
    progress: progress === undefined ? undefined : `${eventText(progress)} at ${progress.created_at.toISOString()}`,
    error: errorRow === undefined ? undefined : `${eventText(errorRow)} at ${errorRow.created_at.toISOString()}`,
    errorRow,
    interruption,
    stall,
    hasLostRecords: lost.length > 0,
  };
}

const nothing: Trail = {
  last: undefined,
  progress: undefined,
  error: undefined,
  errorRow: undefined,
  interruption: undefined,
  stall: undefined,
  hasLostRecords: false,
};

function eventFilterOf({ filter }: Run): EventFilter {
  const { sessionId, itemId, traceId, since } = filter;
  return { sessionId, itemId, traceId, since };
}

function isOwn({ event: name, reason }: EventRow): boolean {
  return !foreign.includes(name) && reason?.startsWith(interruptedMark) !== true;
}

/** The latest of all records, begins and ends. */
function lastOf(events: readonly EventRow[], units: readonly UnitRow[]): LastRecord | undefined {
  const records = [...events.map(ofEvent), ...units.flatMap(ofUnit)];
  return records.reduce<LastRecord | undefined>(
    (last, record) => (last === undefined || record.time > last.time ? record : last),
    undefined,
  );
}

function ofEvent(row: EventRow): LastRecord {
  const unit =
    row.item_id !== null
      ? `item ${row.item_id}`
      : row.session_id !== null
        ? `session ${row.session_id}`
        : `trace ${row.trace_id}`;
  return { time: row.created_at, event: row.event, unit, message: eventText(row) };
}

function ofUnit(row: UnitRow): readonly LastRecord[] {
  const unit = row.unit === 'item' ? `item ${row.item_id}` : `${row.unit} ${row.step_name}`;
  const began = { time: row.created_at, event: 'begin', unit, message: `${unit} begins` };
  if (row.ended_at === null || row.error_message?.startsWith(interruptedMark) === true) return [began];
  const why = row.error_message === null ? '' : `: ${row.error_message}`;
  return [began, { time: row.ended_at, event: 'end', unit, message: `${unit} ends ${row.status}${why}` }];
}

/** The category that the diagnosis gave an error. */
export function categoryOf(row: EventRow | undefined): string | undefined {
  const category = detailsOf(row?.details).category;
  return typeof category === 'string' ? category : undefined;
}
