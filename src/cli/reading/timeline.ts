import { elapsedTimes, livesOf, type Moment, type ProcessLife } from '../../domain/chronology.ts';
import { eventText } from '../rendering/event-text.ts';
import { duration } from '../rendering/quantities.ts';
import type { LedgerReader, UnitFilter } from './ledger-reader.ts';
import { isEndSeen, type ProcessEnd } from './process-row.ts';
import type { EventRow, RequestRow, SessionRow, UnitRow } from './rows.ts';
import { runOf } from './runs.ts';
import { processUnits, type Subject } from './subject.ts';
import { causeOf } from './work-end.ts';

/** One line of the story of a session, item, trace or process. */
export interface TimelineEntry {
  readonly time: Date;
  /** Since the start of the run, or of the process, in milliseconds. */
  readonly elapsed_ms: number;
  /** Since the entry before, in milliseconds; null for the first. */
  readonly gap_ms: number | null;
  /** Event name, or `step NAME`. */
  readonly what: string;
  readonly item_id: string | null;
  readonly result: string;
}

/** A timeline, and the lives of the processes in it. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  readonly lives: readonly ProcessLife[];
}

/** The newest `last` entries of a story: every record of the audit log, and steps as they began and ended; elapsed times from rows. */
export async function readTimeline(reader: LedgerReader, subject: Subject, last: number): Promise<Timeline> {
  const steps = subject.kind === 'process' ? [] : await storyOf(reader, subject, last);
  const cycles = await cyclesOf(reader, subject, last);
  const lives = livesOf(
    cycles.map(({ moment }) => moment),
    Date.now(),
  );
  if (subject.kind === 'process') {
    const times = elapsedTimes(cycles.map(({ moment }) => moment));
    const entries = cycles.map(({ entry, moment }, index) => ({
      ...entry,
      time: new Date(moment.at),
      elapsed_ms: times[index]?.sinceStart ?? 0,
      gap_ms: times[index]?.sinceLast ?? null,
    }));
    return { entries: entries.slice(-last), lives };
  }
  const start = await startOf(reader, subject, steps[0]);
  return { entries: toEntries(steps, start).slice(-last), lives };
}

async function startOf(reader: LedgerReader, subject: Subject, first: Entry | undefined): Promise<Date | undefined> {
  if (subject.kind === 'session') return subject.session.started_at ?? undefined;
  const start = (await runOf(reader, subject))?.startedAt;
  // A trace begins with its request, before the first unit of work in it.
  return subject.kind === 'trace' && first !== undefined && start !== undefined && first.time < start
    ? first.time
    : start;
}

/** Records in time order as entries, with elapsed time and gaps. */
export function eventTimeline(events: readonly EventRow[], session: SessionRow): readonly TimelineEntry[] {
  return toEntries(events.map(eventEntry), session.started_at ?? undefined);
}

type Entry = Pick<TimelineEntry, 'time' | 'what' | 'item_id' | 'result'> & {
  /** Of an end: when that began which ends. */
  readonly began?: Date;
};

const stepUnits = ['step', 'task', 'batch'];

async function storyOf(
  reader: LedgerReader,
  subject: Exclude<Subject, { readonly kind: 'process' }>,
  last: number,
): Promise<readonly Entry[]> {
  const filter = filterOf(subject);
  const { sessionId, itemId, traceId } = filter;
  const events = await reader.events({ sessionId, itemId, traceId }, last);
  const units = await reader.units({ ...filter, units: stepUnits }, last);
  const requests = traceId === undefined ? [] : await requestsOf(reader, traceId, last);
  return inTimeOrder([...events.map(eventEntry), ...units.flatMap(unitEntries), ...requests]);
}

/** The story of a trace in which no work is on record: its requests and what was written meanwhile; empty where there is neither. */
export async function readBareTrace(reader: LedgerReader, traceId: string, last: number): Promise<Timeline> {
  const events = await reader.events({ traceId }, last);
  const requests = await requestsOf(reader, traceId, last);
  return {
    entries: toEntries(inTimeOrder([...events.map(eventEntry), ...requests]), undefined).slice(-last),
    lives: [],
  };
}

async function requestsOf(reader: LedgerReader, traceId: string, last: number): Promise<readonly Entry[]> {
  return (await reader.requests({ traceId }, { last, withBodies: false })).flatMap(requestEntries);
}

/** Within a millisecond ends come last, that of what began first after all others: it is around them. */
function inTimeOrder(entries: readonly Entry[]): readonly Entry[] {
  const lateness = ({ began }: Entry) => (began === undefined ? Number.NEGATIVE_INFINITY : -began.getTime());
  return entries.toSorted((a, b) => {
    const byTime = a.time.getTime() - b.time.getTime();
    if (byTime !== 0 || (a.began === undefined && b.began === undefined)) return byTime;
    return lateness(a) < lateness(b) ? -1 : Number(lateness(a) > lateness(b));
  });
}

function filterOf(subject: Exclude<Subject, { readonly kind: 'process' }>): UnitFilter {
  if (subject.kind === 'session') return { sessionId: subject.id };
  return subject.kind === 'item' ? { sessionId: subject.sessionId, itemId: subject.id } : { traceId: subject.id };
}

interface Cycle {
  readonly moment: Moment;
  readonly entry: Pick<TimelineEntry, 'what' | 'item_id' | 'result'>;
}

/** Begin and end of the processes of a story, and of the runs inside them. */
async function cyclesOf(reader: LedgerReader, subject: Subject, last: number): Promise<readonly Cycle[]> {
  const units = await outermost(reader, subject, last);
  const ids = new Set(units.flatMap(({ instance_id: id }) => id ?? []));
  const known = subject.kind === 'process' ? [subject.process] : [];
  const found = await Promise.all(
    [...ids].filter((id) => known.every((one) => one.instance_id !== id)).map((id) => reader.process(id)),
  );
  const processes = [...known, ...found.flatMap((process) => process ?? [])];
  const cycles = [...processes.flatMap(processCycles), ...units.flatMap(unitCycles)];
  return cycles.sort((a, b) => a.moment.at - b.moment.at || rank(a) - rank(b));
}

function rank({ moment: { kind } }: Cycle): number {
  return ['process_start', 'end', 'record', 'begin', 'process_lost', 'process_end'].indexOf(kind);
}

/** Units around which the same process has no other. */
async function outermost(reader: LedgerReader, subject: Subject, last: number): Promise<readonly UnitRow[]> {
  if (subject.kind === 'session') return reader.units({ sessionId: subject.id, units: ['session'] }, last);
  if (subject.kind === 'item') return [subject.unit];
  if (subject.kind === 'trace') return [subject.root];
  const units = await processUnits(reader, subject.process, mostUnits);
  const spans = new Set(units.map((unit) => `${unit.trace_id}/${unit.span_id}`));
  return units.filter(({ parent_span_id: parent, trace_id: trace, unit, session_id: session }) => {
    const isInside = unit !== 'session' && session !== null;
    return !isInside && (parent === null || !spans.has(`${trace}/${parent}`));
  });
}

const mostUnits = 10_000;

function processCycles(process: ProcessEnd): readonly Cycle[] {
  const { instance_id: id, pid, started_at: start, ended_at: end, service_name: service } = process;
  const what = 'process';
  const cause = causeOf(process)?.text ?? '';
  const began: Cycle[] =
    start === null
      ? []
      : [
          {
            moment: { at: start.getTime(), process: id, kind: 'process_start' },
            entry: { what, item_id: null, result: `${service ?? '?'}, pid ${pid ?? '?'}, starts` },
          },
        ];
  if (end === null) return began;
  const isSeen = isEndSeen(process);
  const told = cause === '' ? 'ends' : cause;
  const entry = { what, item_id: null, result: isSeen ? told : `last seen; it ended after that, ${told}` };
  const kind = isSeen ? 'process_end' : 'process_lost';
  return [...began, { moment: { at: end.getTime(), process: id, kind }, entry }];
}

function unitCycles(row: UnitRow): readonly Cycle[] {
  const cycle = `${row.unit} ${row.unit === 'session' ? row.session_id : row.unit === 'item' ? row.item_id : row.step_name}`;
  const process = row.instance_id ?? '';
  const base = { what: cycle, item_id: row.item_id };
  const began: Cycle = {
    moment: { at: row.created_at.getTime(), process, cycle, kind: 'begin' },
    entry: { ...base, result: row.ended_at === null ? 'begins, still open' : 'begins' },
  };
  const updated: Cycle[] =
    row.ended_at !== null || row.updated_at === null || row.updated_at <= row.created_at
      ? []
      : [
          {
            moment: { at: row.updated_at.getTime(), process, cycle, kind: 'record' },
            entry: { ...base, result: `last told ${row.last_event ?? 'progress'}` },
          },
        ];
  if (row.ended_at === null) return [began, ...updated];
  const ended: Cycle = {
    moment: { at: row.ended_at.getTime(), process, cycle, kind: 'end' },
    entry: { ...base, result: endText(row) },
  };
  return [began, ended];
}

function eventEntry(row: EventRow): Entry {
  return { time: row.created_at, what: row.event, item_id: row.item_id, result: eventText({ ...row, item_id: null }) };
}

function unitEntries(row: UnitRow): readonly Entry[] {
  const what = `${row.unit} ${row.step_name}`;
  const began: Entry = { time: row.created_at, what, item_id: row.item_id, result: 'begins' };
  if (row.ended_at === null) return [{ ...began, result: 'begins, still open' }];
  return [began, { ...began, time: row.ended_at, result: endText(row), began: row.created_at }];
}

function requestEntries(row: RequestRow): readonly Entry[] {
  const what = `${row.direction === 'outbound' ? 'call' : 'request'} ${row.method} ${row.endpoint}`;
  const took = row.duration_ms === null ? '' : ` in ${duration(row.duration_ms)}`;
  const result = `${row.response_status ?? 'no answer'}${took}${row.reason === null ? '' : `: ${row.reason}`}`;
  const end = new Date(row.created_at.getTime() + (row.duration_ms ?? 0));
  return [
    { time: row.created_at, what, item_id: null, result: 'begins' },
    { time: end, what, item_id: null, result, began: row.created_at },
  ];
}

function endText(row: UnitRow): string {
  const took = row.duration_ms === null ? '' : ` in ${duration(row.duration_ms)}`;
  return `${row.status}${took}${row.error_message === null ? '' : `: ${row.error_message}`}`;
}

function toEntries(entries: readonly Entry[], startedAt: Date | undefined): readonly TimelineEntry[] {
  const start = startedAt ?? entries[0]?.time;
  return entries.map((entry, index) => {
    const before = entries[index - 1];
    return {
      time: entry.time,
      elapsed_ms: start === undefined ? 0 : entry.time.getTime() - start.getTime(),
      gap_ms: before === undefined ? null : entry.time.getTime() - before.time.getTime(),
      what: entry.what,
      item_id: entry.item_id,
      result: entry.result,
    };
  });
}
