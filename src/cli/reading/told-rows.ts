/** Rows that were told from one place and may come again from another, counted by what tells them apart. */
export interface ToldRows<Row> {
  add(row: Row): void;
  /** Whether the row was told; it counts as told no more. */
  take(row: Row): boolean;
}

/** Beyond it those that were told first are forgotten: what never comes again, such as dead letters, is not kept for ever. */
const mostKept = 100_000;

/** Nothing told yet. */
export function createToldRows<Row>(keyOf: (row: Row) => string): ToldRows<Row> {
  const counts = new Map<string, number>();
  return {
    add(row) {
      const key = keyOf(row);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (counts.size <= mostKept) return;
      for (const oldest of counts.keys()) {
        counts.delete(oldest);
        break;
      }
    },
    take(row) {
      const key = keyOf(row);
      const count = counts.get(key) ?? 0;
      if (count > 1) counts.set(key, count - 1);
      else counts.delete(key);
      return count > 0;
    },
  };
}
