import type { SqlLedgerStore } from './ledger-store.ts';

/** Milliseconds by which the clock of the database is ahead of ours, as exactly as the way there and back allows. */
export async function clockOffsetMillis(store: SqlLedgerStore, now: () => number = Date.now): Promise<number> {
  const before = now();
  const [row] = await store.query<{ now: Date }>('select clock_timestamp() as now');
  return (row?.now.getTime() ?? before) - (before + now()) / 2;
}
