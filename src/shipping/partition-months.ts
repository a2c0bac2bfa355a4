import type { Row } from '../projection/tables.ts';

/** A table whose rows are parted by months. */
export type PartitionedTable = 'audit_log' | 'api_logs';

/** One monthly partition (UTC). */
export interface PartitionMonth {
  readonly table: PartitionedTable;
  /** First day, `2025-11-01`. */
  readonly month: string;
}

/** Rows outside of this range of months stay in the default partition; every partition costs queries without a time bound. */
const monthsBack = 24;
const monthsAhead = 2;

/** The months that rows are of. */
export class PartitionNeeds {
  readonly #months = { audit_log: new Set<number>(), api_logs: new Set<number>() };

  /** A row of `table` at a time in microseconds since the epoch. */
  add(table: PartitionedTable, atMicros: number): void {
    this.#months[table].add(monthNumber(atMicros));
  }

  /**
   * The partitions that the rows need, and next month's as soon as this month's is needed: so that nobody waits for one when the
   * month turns. `nowMicros` bounds them: a clock that is wrong by years does not make partitions.
   */
  partitions(nowMicros: number): readonly PartitionMonth[] {
    const now = monthNumber(nowMicros);
    return (['audit_log', 'api_logs'] as const).flatMap((table) => {
      const near = [...this.#months[table]].filter((month) => month >= now - monthsBack && month <= now + monthsAhead);
      const needed = new Set(near.flatMap((month) => (month === now ? [month, month + 1] : [month])));
      return [...needed].map((month) => ({ table, month: firstDay(month) }));
    });
  }
}

/** What rows need. */
export function partitionNeeds(rows: readonly Row[]): PartitionNeeds {
  const needs = new PartitionNeeds();
  for (const { table, values } of rows) {
    if (table === 'audit_log' || table === 'api_logs') needs.add(table, Number(values.created_at));
  }
  return needs;
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
