import { detailsOf } from '../rendering/event-text.ts';
import { groupsBy } from './groups.ts';
import type { ErrorGroup, EventRow, StepSummary, UnitRow } from './rows.ts';

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
