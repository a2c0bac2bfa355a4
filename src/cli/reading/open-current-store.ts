import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import type { Terminal } from '../terminal.ts';
import type { Workplace } from '../workplace.ts';
import { assertSchemaFits, openStore } from './open-store.ts';

/**
 * Opens the store with what it needs to answer: Postgres with a schema that fits, or the embedded store after what the
 * journals hold has been loaded into it.
 */
export async function openCurrentStore(workplace: Workplace, _terminal: Terminal): Promise<SqlLedgerStore> {
  const store = await openStore(workplace);
  try {
    if (workplace.databaseUrl !== undefined) await assertSchemaFits(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
