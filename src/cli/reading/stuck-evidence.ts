import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { type FirstLook, firstLook, readDatabaseWaits } from './database-waits.ts';
import type { RunningFilter, StuckEvidence } from './ledger-reader.ts';
import {
  type FoundProcess,
  type Knowledge,
  knowledge,
  livingProcesses,
  type OpenUnit,
  onceLearned,
  openUnits,
  toProcesses,
  toRunningRows,
} from './running-query.ts';

/** What may not advance, asked for in one go. */
export async function readStuckEvidence(
  store: SqlLedgerStore,
  prefix: string,
  filter: RunningFilter,
  last: number,
): Promise<StuckEvidence> {
  const blocked = { sql: livingProcesses(prefix, 'blocked_since is not null'), parameters: [] };
  const statements = [knowledge(prefix), openUnits(prefix, filter, last), blocked, firstLook] as const;
  const [[known], rows, processes, [look]] = await onceLearned(store, () =>
    store.queries<[Knowledge, OpenUnit, FoundProcess, FirstLook]>(statements),
  );
  return {
    rows: known === undefined ? [] : toRunningRows(rows, known),
    blocked: toProcesses(processes),
    database: look === undefined ? undefined : await readDatabaseWaits(store, look),
  };
}
