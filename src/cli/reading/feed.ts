import type { JournalEntry } from '../../journal/journal.ts';
import { rowsOf } from '../../projection/rows.ts';
import type { Invocation } from '../invocation.ts';
import type { Workplace } from '../workplace.ts';
import type { ArrivalsQuery, ArrivedRow } from './arrivals.ts';
import type { Values } from './cells.ts';
import type { LedgerReader } from './ledger-reader.ts';

/** What a command follows: the rows of one table that match, wherever they come from. */
export interface Feed<Row extends ArrivedRow> {
  readonly query: ArrivalsQuery;
  /** The first page. */
  newest(reader: LedgerReader): Promise<readonly Row[]>;
  /** A row on its way to the table, if it matches. */
  rowOf(values: Values): Row | undefined;
  /** What is the same of a row in a journal and in a database. */
  keyOf(row: Row): string;
  /** Receives rows as they arrive, those of one call in time order. */
  print(rows: readonly Row[]): Promise<void>;
}

/** One call of a command that follows. */
export interface Following<Row extends ArrivedRow> {
  readonly invocation: Invocation;
  readonly workplace: Workplace;
  readonly feed: Feed<Row>;
}

/** The rows that a record of a journal makes for a feed. */
export function rowsOfEntry<Row extends ArrivedRow>(feed: Feed<Row>, { record, owner }: JournalEntry): readonly Row[] {
  return rowsOf(record, owner)
    .filter(({ table }) => table === feed.query.table)
    .flatMap(({ values }) => feed.rowOf(values) ?? []);
}
