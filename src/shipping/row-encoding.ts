import { mergeRows } from '../projection/row-merge.ts';
import { type Row, type TableName, tables } from '../projection/tables.ts';
import { encodeCopy } from './copy-encoder.ts';
import type { PartitionNeeds } from './partition-months.ts';

/** Rows of one table, encoded. */
export interface EncodedTable {
  readonly table: TableName;
  readonly data: Uint8Array;
  /** Their keys are new, if all went by the journal; Postgres refuses the COPY where they are not. */
  readonly isFresh: boolean;
  /** Some rows tell too little to make a row of their own. */
  readonly hasPartialRows: boolean;
}

/** Rows of a shipment, encoded. */
export interface EncodedRows {
  /** In the order in which every shipper takes its locks. */
  readonly tables: readonly EncodedTable[];
  readonly needs: PartitionNeeds;
}

/**
 * Groups rows by table, merges those of one key and encodes them, in the order in which every shipper takes its locks.
 *
 * @throws CopyEncodingError
 */
export function encodeRows(rows: readonly Row[]): readonly EncodedTable[] {
  const groups = new Map<TableName, Row[]>();
  for (const row of mergeRows(rows)) {
    const group = groups.get(row.table);
    if (group === undefined) groups.set(row.table, [row]);
    else group.push(row);
  }
  return Object.values(tables).flatMap((table) => {
    const group = groups.get(table.name);
    if (group === undefined) return [];
    const hasPartialRows = table.name === 'task_progress' && group.some(({ values }) => values.step_name === undefined);
    return [{ table: table.name, data: encodeCopy(table, group), isFresh: false, hasPartialRows }];
  });
}
