import type { Row } from '../projection/tables.ts';

/** One monthly partition (UTC). */
export interface PartitionMonth {
  readonly table: 'audit_log' | 'api_logs';
  /** First day, `2025-11-01`. */
  readonly month: string;
}

/** Rows outside of this range of months stay in the default partition; every partition costs queries without a time bound. */
const monthsBack = 24;
const monthsAhead = 2;

/**
 * The partitions that rows need, and next month's as soon as this month's is needed: so that nobody waits for one when the
 * month turns. `nowMicros` bounds them: a clock that is wrong by years does not make partitions.
 */
export function partitionMonths(rows: readonly Row[], nowMicros: number): readonly PartitionMonth[] {
  const now = monthNumber(nowMicros);
  const needed = new Map<PartitionMonth['table'], Set<number>>();
  for (const { table, values } of rows) {
    if (table !== 'audit_log' && table !== 'api_logs') continue;
    const month = monthNumber(Number(values.created_at));
    if (!(month >= now - monthsBack && month <= now + monthsAhead)) continue;
    const months = needed.get(table) ?? new Set();
    needed.set(table, months.add(month));
    if (month === now) months.add(month + 1);
  }
  return [...needed].flatMap(([table, months]) => [...months].map((month) => ({ table, month: firstDay(month) })));
}

const micros = 1000;
/** Start and end of the month that was asked for last: rows come in order of time, so the next is mostly of the same month. */
let known = { from: 0, to: 0, number: 0 };

/** Months since year 0. */
function monthNumber(atMicros: number): number {
  if (atMicros >= known.from && atMicros < known.to) return known.number;
  const date = new Date(Math.floor(atMicros / micros));
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (Number.isNaN(year)) return Number.NaN;
  known = { from: Date.UTC(year, month) * micros, to: Date.UTC(year, month + 1) * micros, number: year * 12 + month };
  return known.number;
}

function firstDay(number: number): string {
  const year = String(Math.floor(number / 12)).padStart(4, '0');
  return `${year}-${String((number % 12) + 1).padStart(2, '0')}-01`;
}
