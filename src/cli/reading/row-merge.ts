import { mergeRows } from '../../projection/row-merge.ts';
import type { Row, TableName } from '../../projection/tables.ts';
import type { Values } from './cells.ts';

const firstMerge = 10_000;

/**
 * The rows of a table with a key as they stand after `rows`, merged as the database merges them. Memory is that of the
 * merged rows twice; each row is looked at a constant number of times.
 */
export async function mergeTable(
  rows: AsyncIterable<Row>,
  table: TableName,
  isWanted: (values: Values) => boolean,
): Promise<readonly Values[]> {
  let merged: Row[] = [];
  let mergeAt = firstMerge;
  for await (const row of rows) {
    if (row.table !== table || !isWanted(row.values)) continue;
    merged.push(row);
    if (merged.length < mergeAt) continue;
    merged = mergeRows(merged);
    mergeAt = Math.max(firstMerge, 2 * merged.length);
  }
  return mergeRows(merged).map(({ values }) => values);
}
