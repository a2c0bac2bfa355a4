import { anomalyOf, expectedEnd, type ProgressFacts } from '../../domain/expectation.ts';
import { type VerdictEvidence, verdictLimitsOf, verdictOf } from '../../domain/verdict.ts';
import type { RunningRow } from './rows.ts';

/** An open unit as commands tell of it: the row, and what follows from its numbers. */
export type OpenWork = Omit<RunningRow, 'process' | 'judged_at'> & {
  /** The verdict in a sentence, with its numbers. */
  readonly reason: string;
  /** Finished pieces per second since the start. */
  readonly rate: number | null;
  readonly expected_end: Date | null;
  /** `volumes`, `caller`, `rate` or `history`, and the source in words. */
  readonly expected_end_source: string | null;
  readonly expected_end_basis: string | null;
  /** How far its duration is off, with numbers. */
  readonly anomaly: string | null;
};

/** What follows from the numbers of a row. `stuckAfterSeconds` takes the place of its own limit. */
export function describeOpenWork(judged: RunningRow, stuckAfterSeconds?: number): OpenWork {
  const { process: _, judged_at: at, ...row } = judged;
  const { verdict, reason } = evidenceOf(row, at, stuckAfterSeconds);
  const elapsedMillis = row.running_seconds * 1000;
  const facts: ProgressFacts = {
    elapsedMillis,
    done: row.done ?? undefined,
    total: row.total ?? undefined,
    expectation: row.expectation ?? undefined,
    history: historyOfRow(row),
  };
  const end = expectedEnd(facts);
  return {
    ...row,
    verdict,
    reason,
    rate: row.done === null || row.running_seconds <= 0 ? null : row.done / row.running_seconds,
    expected_end: end === undefined ? null : new Date(row.started_at.getTime() + end.millis),
    expected_end_source: end?.source ?? null,
    expected_end_basis: end?.basis ?? null,
    anomaly: anomalyOf(facts) ?? null,
  };
}

type Row = Omit<RunningRow, 'process' | 'judged_at'>;

function historyOfRow({ history_runs: runs, history_median_seconds: median, history_p95_seconds: p95 }: Row) {
  if (runs === null || median === null || p95 === null) return undefined;
  return { runs, medianMillis: median * 1000, p95Millis: p95 * 1000 };
}

/** The function of the library, on the numbers that the function of the database had. */
function evidenceOf(row: Row, at: Date, stuckAfterSeconds: number | undefined): VerdictEvidence {
  const { waiting_until: until, wait_reason: why } = row;
  return verdictOf({
    startedAt: micros(row.started_at),
    lastProgressAt: micros(row.last_progress_at),
    ...(row.last_seen_at !== null && { heartbeatAt: micros(row.last_seen_at) }),
    ...(row.instance_ended_at !== null && { instanceEndedAt: micros(row.instance_ended_at) }),
    ...(until !== null && { wait: { until: micros(until), ...(why !== null && { reason: why }) } }),
    now: micros(at),
    limits: {
      ...verdictLimitsOf(row.unit),
      stuckAfterMillis: (stuckAfterSeconds ?? row.stuck_after_seconds) * 1000,
      basis: stuckAfterSeconds === undefined ? basisOf(row) : 'as asked',
      ...(row.limit_seconds !== null && { limitMillis: row.limit_seconds * 1000 }),
    },
  });
}

/** Where the longest time without progress comes from, in words. */
function basisOf(row: Row): string {
  switch (row.stuck_after_source) {
    case 'caller':
      return 'set by the caller';
    case 'history':
      return `3 x its p95 of the last ${row.history_runs} runs, a minute at least`;
    case 'expected':
      return '3 x what was expected of it, a minute at least';
    case 'inner':
      return 'as much as what is open inside it';
    default:
      return `the default for a ${row.unit}`;
  }
}

function micros(date: Date): number {
  return date.getTime() * 1000;
}

/** Open work as a tree: each unit with its depth, below the unit around it. */
export function treeOf<T extends Row>(rows: readonly T[]): readonly { readonly row: T; readonly depth: number }[] {
  const children = new Map<T | undefined, T[]>();
  const around = createParents(rows);
  for (const row of rows) {
    const parent = around(row);
    children.set(parent, [...(children.get(parent) ?? []), row]);
  }
  const lines: { row: T; depth: number }[] = [];
  const walk = (parent: T | undefined, depth: number): void => {
    for (const row of children.get(parent) ?? []) {
      lines.push({ row, depth });
      walk(row, depth + 1);
    }
  };
  walk(undefined, 0);
  return lines;
}

/** Whether it does not advance, or nobody works on it. */
export function isStuck({ verdict }: Pick<Row, 'verdict'>): boolean {
  return verdict === 'stuck' || verdict === 'lost';
}

/** Those that are stuck or lost and the units around them, in their order. */
export function stuckAndAround<T extends Row>(rows: readonly T[]): readonly T[] {
  const kept = new Set<T>();
  const path: T[] = [];
  for (const { row, depth } of treeOf(rows)) {
    path.splice(depth, path.length, row);
    if (isStuck(row)) for (const around of path) kept.add(around);
  }
  return rows.filter((row) => kept.has(row));
}

/** By parent span; else by session and item, for items in traces of their own. */
function createParents<T extends Row>(rows: readonly T[]): (row: T) => T | undefined {
  const bySpan = new Map(rows.map((row) => [`${row.trace_id}/${row.span_id}`, row]));
  const isAround = (outer: T, inner: T) =>
    outer.instance_id === inner.instance_id && outer.session_id === inner.session_id && inner.session_id !== null;
  const findAround = (row: T, unit: string) =>
    rows.find(
      (other) => other.unit === unit && isAround(other, row) && (unit === 'session' || other.item_id === row.item_id),
    );
  return (row) => {
    const direct = row.parent_span_id === null ? undefined : bySpan.get(`${row.trace_id}/${row.parent_span_id}`);
    if (direct !== undefined || row.unit === 'session') return direct;
    const item = row.item_id === null || ['item', 'chunk'].includes(row.unit) ? undefined : findAround(row, 'item');
    return item ?? findAround(row, 'session');
  };
}
