import { type Cell, type Row, type TableName, tables } from './tables.ts';

type Values = Readonly<Record<string, Cell | undefined>>;

/**
 * Makes one row of all rows of a batch that have the same key in an upserted table: the highest version wins, and what it
 * does not tell (a missing column) is filled from the next lower one. A `null` is told. Append-only rows stay as they are.
 * The order of first appearance is kept; the result does not depend on the order of versions.
 */
export function mergeRows(rows: readonly Row[]): Row[] {
  const groups: Row[][] = [];
  const known = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = key === undefined ? undefined : known.get(key);
    if (group !== undefined) {
      group.push(row);
      continue;
    }
    const fresh = [row];
    groups.push(fresh);
    if (key !== undefined) known.set(key, fresh);
  }
  return groups.map(mergeGroup);
}

function keyOf(row: Row): string | undefined {
  const { key } = tables[row.table];
  if (key.length === 0) return undefined;
  let text: string = row.table;
  for (const column of key) text += `\u0000${row.values[column]}`;
  return text;
}

function mergeGroup(group: readonly Row[]): Row {
  const [first] = group;
  if (first === undefined) throw new RangeError('A group of rows is empty.');
  if (group.length === 1) return first;
  // Of equal versions the later one wins.
  const highestFirst = group.toReversed().sort((one, other) => versionOf(other.values) - versionOf(one.values));
  const values: Record<string, Cell | undefined> = {};
  for (const row of highestFirst) fill(values, row.values);
  const column = earliest[first.table];
  if (column !== undefined) values[column] = smallest(group, column);
  return { table: first.table, values };
}

function versionOf(values: Values): number {
  return Number(values.version ?? 0);
}

function fill(values: Record<string, Cell | undefined>, lower: Values): void {
  for (const column in lower) {
    if (values[column] === undefined) values[column] = lower[column];
  }
}

/** Columns of which every row of a unit tells the same, if it tells it at all; the earliest is the true one. */
const earliest: Readonly<Partial<Record<TableName, string>>> = { task_progress: 'created_at' };

function smallest(group: readonly Row[], column: string): Cell | undefined {
  let least: number | undefined;
  for (const row of group) {
    const cell = row.values[column];
    if (typeof cell === 'number' && (least === undefined || cell < least)) least = cell;
  }
  return least;
}
