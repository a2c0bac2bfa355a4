import { type Expectation, fewestRuns, type History, historyOf } from '../../domain/expectation.ts';
import { verdictLimitsOf, verdictOf } from '../../domain/verdict.ts';
import { groupsBy } from './groups.ts';
import type { ProcessRow } from './process-row.ts';
import type { RunningRow, SessionRow, UnitRow } from './rows.ts';

/** What the journals know. */
export interface KnownUnits {
  /** Units that have ended, and those that have not. */
  readonly units: readonly UnitRow[];
  readonly sessions: readonly SessionRow[];
  readonly processOf: (instanceId: string) => ProcessRow | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Judges every open unit as the view `v_running` does: by itself, and by what is open inside it. */
export function judgeOpenUnits(known: KnownUnits): readonly RunningRow[] {
  const open = known.units.filter(({ ended_at: end }) => end === null);
  const parents = parentsOf(open);
  const sessions = new Map(known.sessions.map((session) => [session.id, session]));
  const lesson = createLesson(known);
  const measured = open.map((unit): Measured => {
    const session = unit.session_id === null ? undefined : sessions.get(unit.session_id);
    const history = lesson(unit);
    return { unit, session, history, limit: ownLimit(unit, session?.kind ?? null, history), inside: [], isLeaf: true };
  });
  const byUnit = new Map(measured.map((one) => [one.unit, one]));
  for (const one of measured) {
    for (let parent = parents.get(one.unit); parent !== undefined; parent = parents.get(parent)) {
      const around = byUnit.get(parent);
      if (around === undefined || around.inside.includes(one)) break;
      around.inside.push(one);
      around.isLeaf = false;
    }
  }
  return measured.map((one) => toRunningRow(one, known));
}

interface Measured {
  readonly unit: UnitRow;
  readonly session: SessionRow | undefined;
  readonly history: History | undefined;
  readonly limit: { readonly seconds: number; readonly source: string };
  readonly inside: Measured[];
  isLeaf: boolean;
}

/** The unit around each: its parent span, else its item, else its session, as far as they are open in the same process. */
function parentsOf(open: readonly UnitRow[]): ReadonlyMap<UnitRow, UnitRow> {
  const key = (...parts: readonly unknown[]) => JSON.stringify(parts);
  const bySpan = new Map(open.map((unit) => [key(unit.trace_id, unit.span_id), unit]));
  const oldestFirst = open.toSorted((a, b) => a.created_at.getTime() - b.created_at.getTime());
  const place = (unit: UnitRow) =>
    key(unit.unit, unit.instance_id, unit.session_id, unit.unit === 'item' && unit.item_id);
  const byPlace = new Map(
    oldestFirst.filter(({ unit }) => unit === 'session' || unit === 'item').map((unit) => [place(unit), unit]),
  );
  const parents = new Map<UnitRow, UnitRow>();
  for (const unit of open) {
    const { instance_id: process, session_id: session, item_id: item } = unit;
    const isInItem = !['session', 'item', 'chunk'].includes(unit.unit) && item !== null;
    const parent =
      bySpan.get(key(unit.trace_id, unit.parent_span_id)) ??
      (isInItem ? byPlace.get(key('item', process, session, item)) : undefined) ??
      (unit.unit === 'session' || session === null ? undefined : byPlace.get(key('session', process, session, false)));
    if (parent !== undefined && parent !== unit) parents.set(unit, parent);
  }
  return parents;
}

const leastSeconds = 60;
const factor = 3;

function ownLimit(unit: UnitRow, kind: string | null, history: History | undefined): Measured['limit'] {
  const told = unit.expectation?.stuck_after_ms;
  if (told !== undefined) return { seconds: told / 1000, source: 'caller' };
  if (unit.unit === 'session') return byDefault(unit.unit, kind);
  if (history !== undefined && history.runs >= fewestRuns) {
    return { seconds: Math.max(leastSeconds, (factor * history.p95Millis) / 1000), source: 'history' };
  }
  const expected = unit.expectation?.expected_ms;
  if (expected === undefined) return byDefault(unit.unit, kind);
  return { seconds: Math.max(leastSeconds, (factor * expected) / 1000), source: 'expected' };
}

function byDefault(unit: string, kind: string | null): Measured['limit'] {
  return { seconds: verdictLimitsOf(unit, kind ?? undefined).stuckAfterMillis / 1000, source: 'default' };
}

const mostLessons = 200;
const mostSessions = 20;

/** Looks up how long earlier units of the same name took. */
function createLesson({ units, sessions }: KnownUnits): (unit: UnitRow) => History | undefined {
  const keyOf = ({ unit, task_name: task, step_name: step }: UnitRow) => JSON.stringify([unit, task, step]);
  const ended = units.filter(
    ({ ended_at: end, status, unit }) => end !== null && status === 'SUCCESS' && unit !== 'session' && unit !== 'chunk',
  );
  const newestFirst = ended.toSorted((a, b) => b.created_at.getTime() - a.created_at.getTime());
  const groups = new Map(groupsBy(newestFirst, keyOf).map((group) => [keyOf(group[0]), group]));
  const known = new Map<string, History | undefined>();
  return (unit) => {
    if (unit.unit === 'session') return sessionHistory(unit, sessions);
    const key = keyOf(unit);
    if (!known.has(key)) {
      const durations = (groups.get(key) ?? []).slice(0, mostLessons).map(({ duration_ms: took }) => took ?? 0);
      known.set(key, historyOf(durations));
    }
    return known.get(key);
  };
}

/** The last imported sessions of the same kind with half to twice its total. */
function sessionHistory(unit: UnitRow, sessions: readonly SessionRow[]): History | undefined {
  const own = sessions.find(({ id }) => id === unit.session_id);
  if (own === undefined) return undefined;
  const durations = sessions
    .filter(({ kind, state, total }) => kind === own.kind && state === 'imported' && isComparable(total, own.total))
    .flatMap(({ started_at: start, ended_at: end }) => (start === null || end === null ? [] : [{ start, end }]))
    .toSorted((a, b) => b.end.getTime() - a.end.getTime())
    .slice(0, mostSessions)
    .map(({ start, end }) => end.getTime() - start.getTime());
  return historyOf(durations);
}

function isComparable(total: number, own: number): boolean {
  return own === 0 || (total >= Math.floor(own / 2) && total <= own * 2);
}

function toRunningRow(one: Measured, { processOf, now }: KnownUnits): RunningRow {
  const { unit, session, history, inside } = one;
  const process = unit.instance_id === null ? undefined : processOf(unit.instance_id);
  const progress = [unit, ...inside.map((inner) => inner.unit)].map((each) => progressOf(each));
  if (unit.unit === 'session') progress.push(session?.last_progress_at?.getTime() ?? 0);
  const lastProgress = progress.reduce((last, at) => Math.max(last, at), 0);
  const limit = limitOf(one);
  const wait = waitOf(one);
  const expectation = unit.expectation;
  const limitMillis = expectation?.limit_ms;
  const { verdict } = verdictOf({
    startedAt: unit.created_at.getTime() * 1000,
    lastProgressAt: lastProgress * 1000,
    ...(process?.last_seen_at && { heartbeatAt: process.last_seen_at.getTime() * 1000 }),
    ...(process?.ended_at && { instanceEndedAt: process.ended_at.getTime() * 1000 }),
    ...(wait !== undefined && { wait: { until: wait.until.getTime() * 1000 } }),
    now: now * 1000,
    limits: {
      ...verdictLimitsOf(unit.unit),
      stuckAfterMillis: limit.seconds * 1000,
      ...(limitMillis !== undefined && { limitMillis }),
    },
  });
  return {
    ...unit,
    kind: session?.kind ?? null,
    host: process?.host ?? null,
    pid: process?.pid ?? null,
    started_at: unit.created_at,
    last_progress_at: new Date(lastProgress),
    last_event_at: unit.last_event === null ? null : unit.updated_at,
    last_seen_at: process?.last_seen_at ?? null,
    instance_ended_at: process?.ended_at ?? null,
    running_seconds: (now - unit.created_at.getTime()) / 1000,
    silent_seconds: (now - lastProgress) / 1000,
    waiting_until: wait?.until ?? null,
    wait_reason: wait?.reason ?? null,
    stuck_after_seconds: limit.seconds,
    stuck_after_source: limit.source,
    limit_seconds: limitMillis === undefined ? null : limitMillis / 1000,
    ...expectedColumns(expectation, history),
    process: process ?? null,
    judged_at: new Date(now),
    verdict,
  };
}

function expectedColumns(expectation: Expectation | null, history: History | undefined) {
  const told = expectation?.expected_ms;
  const median = history === undefined ? null : history.medianMillis / 1000;
  return {
    expected_seconds: told === undefined ? median : told / 1000,
    expected_source: told === undefined ? (median === null ? null : 'history') : (expectation?.source ?? 'caller'),
    history_runs: history?.runs ?? null,
    history_median_seconds: median,
    history_p95_seconds: history === undefined ? null : history.p95Millis / 1000,
  };
}

function progressOf({ created_at: begun, updated_at: at }: UnitRow): number {
  return (at ?? begun).getTime();
}

/** A unit is given as much time as what is open inside it, unless its caller said otherwise. */
function limitOf({ limit, inside }: Measured): Measured['limit'] {
  if (limit.source === 'caller') return limit;
  const longest = inside.reduce((seconds, inner) => Math.max(seconds, inner.limit.seconds), 0);
  return longest > limit.seconds ? { seconds: longest, source: 'inner' } : limit;
}

interface Wait {
  readonly until: Date;
  readonly reason: string | null;
}

/** Its own wait; else that of what is open inside it, if all of that waits: the one that ends last. */
function waitOf(one: Measured): Wait | undefined {
  const own = ownWait(one.unit);
  if (own !== undefined) return own;
  const leaves = one.inside.filter(({ isLeaf }) => isLeaf).map(({ unit }) => ownWait(unit));
  let last: Wait | undefined;
  for (const wait of leaves) {
    if (wait === undefined) return undefined;
    if (last === undefined || wait.until > last.until) last = wait;
  }
  return last;
}

/** A wait is over where something happened at its end or later. */
function ownWait(unit: UnitRow): Wait | undefined {
  const { waiting_until: until, wait_reason: reason } = unit;
  return until !== null && until.getTime() > progressOf(unit) ? { until, reason } : undefined;
}
