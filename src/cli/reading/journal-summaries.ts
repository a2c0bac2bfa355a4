import { historyOf } from '../../domain/expectation.ts';
import { detailsOf } from '../rendering/event-text.ts';
import { groupsBy } from './groups.ts';
import type { ErrorGroup, EventRow, StepGroup, StepSummary, UnitRow } from './rows.ts';

const stepUnits = ['step', 'task', 'batch'];

/** Ended steps by name, the most time first. */
export function summarizeSteps(units: readonly UnitRow[]): readonly StepSummary[] {
  const groups = groupsBy(units.filter(isEndedStep), (unit) => JSON.stringify([unit.task_name, unit.step_name]));
  const summaries = groups.map(summarize);
  return summaries.toSorted((a, b) => b.total_ms - a.total_ms || (a.step_name < b.step_name ? -1 : 1));
}

function isEndedStep({ unit, ended_at: end, duration_ms: took }: UnitRow): boolean {
  return stepUnits.includes(unit) && end !== null && took !== null;
}

function summarize(group: readonly [UnitRow, ...UnitRow[]]): StepSummary {
  const [{ task_name, step_name }] = group;
  const durations = group.map(({ duration_ms: took }) => took ?? 0);
  const total = durations.reduce((sum, took) => sum + took, 0);
  return {
    task_name,
    step_name,
    count: group.length,
    failed: group.filter(({ status }) => status === 'FAILED').length,
    mean_ms: total / group.length,
    max_ms: durations.reduce((max, took) => Math.max(max, took), 0),
    total_ms: total,
  };
}

/** Items, steps and batches by name, in the order in which the first of each began. */
export function groupSteps(units: readonly UnitRow[]): readonly StepGroup[] {
  const steps = units.filter(({ unit }) => unit === 'item' || stepUnits.includes(unit));
  const bySpan = new Map(units.map((unit) => [`${unit.trace_id}/${unit.span_id}`, unit]));
  const named = steps.map((row) => ({ row, ...placeOf(row, bySpan) }));
  const groups = groupsBy(named, ({ row, name, inside, inItem }) => JSON.stringify([row.unit, name, inside, inItem]));
  return groups
    .map((group) => ({ ...group[0], rows: group.map(({ row }) => row) }))
    .map(({ row, name, inside, inItem, rows }) => ({
      unit: row.unit,
      name,
      inside,
      in_item: inItem,
      count: rows.length,
      open: rows.filter(({ ended_at: end }) => end === null).length,
      failed: rows.filter(({ status }) => status === 'FAILED').length,
      first_at: new Date(least(rows.map(({ created_at: at }) => at.getTime()))),
      last_at: new Date(-least(rows.map(({ created_at: at }) => -at.getTime()))),
      ended_at: lastEnd(rows),
      median_ms: historyOf(rows.flatMap(({ duration_ms: took }) => took ?? []))?.medianMillis ?? null,
    }))
    .toSorted((a, b) => a.first_at.getTime() - b.first_at.getTime() || (a.name < b.name ? -1 : 1));
}

function placeOf(row: UnitRow, bySpan: ReadonlyMap<string, UnitRow>) {
  const around = bySpan.get(`${row.trace_id}/${row.parent_span_id}`);
  const name = row.unit === 'item' ? '' : groupName(row);
  const inside = around !== undefined && stepUnits.includes(around.unit) ? groupName(around) : null;
  return { name, inside, inItem: row.item_id !== null && row.unit !== 'item' };
}

function groupName({ unit, step_name: name }: UnitRow): string {
  return unit === 'batch' ? name.replaceAll(/\d+/g, '#') : name;
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY);
}

function lastEnd(rows: readonly UnitRow[]): Date | null {
  const ends = rows.flatMap(({ ended_at: end }) => (end === null ? [] : [-end.getTime()]));
  return ends.length === 0 ? null : new Date(-least(ends));
}

/** The outermost steps of a task outside of sessions, the newest first. */
export function newestTaskRuns(units: readonly UnitRow[], taskName: string, last: number): readonly UnitRow[] {
  const spans = new Set(units.map((unit) => `${unit.trace_id}/${unit.span_id}`));
  return units
    .filter(({ unit, task_name: task, session_id: session }) => {
      return session === null && task === taskName && stepUnits.includes(unit);
    })
    .filter(({ trace_id: trace, parent_span_id: parent }) => parent === null || !spans.has(`${trace}/${parent}`))
    .toSorted((a, b) => b.created_at.getTime() - a.created_at.getTime())
    .slice(0, last);
}

/** Error records that share diagnosis and advice, the most frequent first. */
export function groupErrors(errors: readonly EventRow[]): readonly ErrorGroup[] {
  return groupsBy(errors, (row) => JSON.stringify([categoryOf(row), row.recommended_actions]))
    .map((group) => ({ category: categoryOf(group[0]), actions: group[0].recommended_actions, count: group.length }))
    .toSorted((a, b) => b.count - a.count || (a.category < b.category ? -1 : 1));
}

function categoryOf(row: EventRow): string {
  const { category } = detailsOf(row.details);
  return typeof category === 'string' ? category : 'unknown';
}
