import type { Journal, JournalStats } from '../../src/journal/journal.ts';
import type { LedgerRecord, RecordClass } from '../../src/projection/record.ts';
import { recordClasses } from '../../src/projection/record.ts';
import { mergeRows } from '../../src/projection/row-merge.ts';
import { rowsOf } from '../../src/projection/rows.ts';
import type { Row } from '../../src/projection/tables.ts';
import { owner } from '../projection/sources.ts';

/** A journal in memory, for those who ask what was appended and when. */
export class CollectingJournal implements Journal {
  readonly owner = owner;
  readonly records: LedgerRecord[] = [];
  appends = 0;
  syncs = 0;
  isClosed = false;
  /** What `append` does instead, where a test wants a journal at fault. */
  fault: (() => void) | undefined;

  append(...records: readonly LedgerRecord[]): void {
    this.fault?.();
    this.appends += 1;
    this.records.push(...records);
  }

  readonly leftOut: RecordClass[] = [];

  leaveOut(name: RecordClass): void {
    this.leftOut.push(name);
  }

  async sync(): Promise<void> {
    this.syncs += 1;
  }

  stats(): JournalStats {
    const none = Object.fromEntries(recordClasses.map((name) => [name, 0])) as JournalStats['appended'];
    const noDrops = Object.fromEntries(recordClasses.map((name) => [name, {}])) as JournalStats['dropped'];
    return { produced: none, appended: none, dropped: noDrops, waiting: 0, waitingByClass: none, bytes: 0, segment: 0 };
  }

  close(): void {
    this.isClosed = true;
  }

  /** What the tables hold in the end; in an order that does not depend on when rows were made. */
  rows(): readonly unknown[] {
    return comparable(mergeRows(this.records.flatMap((record) => rowsOf(record, this.owner))));
  }
}

/** Rows without missing columns, sorted. */
export function comparable(rows: readonly Row[]): readonly unknown[] {
  return rows
    .map(({ table, values }) =>
      JSON.stringify([
        table,
        Object.entries(values)
          .filter(([, cell]) => cell !== undefined)
          .sort(),
      ]),
    )
    .sort()
    .map((text) => JSON.parse(text) as unknown);
}
