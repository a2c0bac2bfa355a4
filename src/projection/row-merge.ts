import { type Cell, type Row, type TableName, tables } from './tables.ts';

type Values = Readonly<Record<string, Cell | undefined>>;

/**
 * Makes one row of all rows of a batch that have the same key in an upserted table: the highest version wins, and what it
 * does not tell (a missing column) is filled from the next lower one. A `null` is told. Append-only rows stay as they are.
 * The order of first appearance is kept.
 */
export function mergeRows(rows: readonly Row[]): Row[] {
  const merged: Row[] = [];
  const positions = new Map<string, number>();
  for (const row of rows) {
    const key = keyOf(row);
    const position = key === undefined ? undefined : positions.get(key);
    if (position === undefined) {
      if (key !== undefined) positions.set(key, merged.length);
      merged.push(row);
    } else {
      merged[position] = mergeTwo(merged[position] as Row, row);
    }
  }
  return merged;
}

function keyOf(row: Row): string | undefined {
  const { key } = tables[row.table];
  if (key.length === 0) return undefined;
  let text: string = row.table;
  for (const column of key) text += `\u0000${row.values[column]}`;
  return text;
}

function mergeTwo(known: Row, next: Row): Row {
  const knownIsHigher = versionOf(known.values) > versionOf(next.values);
  const higher = knownIsHigher ? known.values : next.values;
  const lower = knownIsHigher ? next.values : known.values;
  return { table: known.table, values: fill(known.table, higher, lower) };
}

function versionOf(values: Values): number {
  return Number(values.version ?? 0);
}

/** Columns of which every row of a unit tells the same but progress rows tell nothing; the earliest is the true one. */
const earliest: Readonly<Partial<Record<TableName, string>>> = { task_progress: 'created_at' };

function fill(table: TableName, higher: Values, lower: Values): Values {
  const values: Record<string, Cell | undefined> = { ...higher };
  for (const column in lower) values[column] = higher[column] === undefined ? lower[column] : higher[column];
  const first = earliest[table];
  if (first !== undefined) values[first] = smaller(higher[first], lower[first]);
  return values;
}

function smaller(one: Cell | undefined, other: Cell | undefined): Cell | undefined {
  if (typeof one !== 'number') return other;
  return typeof other === 'number' && other < one ? other : one;
}
