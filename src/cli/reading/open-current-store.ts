import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { createShipper } from '../../shipping/shipper.ts';
import { createProgress } from '../rendering/progress.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import type { Workplace } from '../workplace.ts';
import { assertSchemaFits, openStore, type StoreOpening } from './open-store.ts';

/**
 * Opens the store with what it needs to answer: Postgres with a schema that fits, or the embedded store after what the
 * journals hold has been loaded into it.
 */
export async function openCurrentStore(
  workplace: Workplace,
  terminal: Terminal,
  options: StoreOpening = {},
): Promise<SqlLedgerStore> {
  const store = await openStore(workplace, options);
  try {
    if (workplace.databaseUrl !== undefined) await assertSchemaFits(store);
    else await loadJournals(store, workplace.directory, terminal);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** An answer that is behind and says so is better than one that takes minutes. */
const maxLoadMillis = 8_000;

async function loadJournals(store: SqlLedgerStore, directory: string, terminal: Terminal): Promise<void> {
  const progress = await createProgress(terminal);
  const report = await createShipper({ directory, store }).shipOnce({
    signal: AbortSignal.timeout(maxLoadMillis),
    onProgress: ({ bytes, totalBytes, records }) => progress.show(bytes, totalBytes, records),
  });
  progress.stop();
  if (report.status === 'aborted') {
    terminal.note('note: the journals are longer than what was loaded in time; `spanledger ship` loads all of them.');
  }
  if (report.status === 'unavailable') {
    terminal.note(`note: the journals could not be loaded: ${visible(report.message ?? report.code ?? 'unknown')}`);
  }
  for (const reason of report.unreadable) terminal.note(`note: ${visible(reason)}`);
}
