import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { createShipper } from '../../shipping/shipper.ts';
import { byteSize } from '../rendering/quantities.ts';
import type { Terminal } from '../terminal.ts';
import { visible } from '../visible.ts';
import type { Workplace } from '../workplace.ts';
import { assertSchemaFits, openStore } from './open-store.ts';

/**
 * Opens the store with what it needs to answer: Postgres with a schema that fits, or the embedded store after what the
 * journals hold has been loaded into it.
 */
export async function openCurrentStore(workplace: Workplace, terminal: Terminal): Promise<SqlLedgerStore> {
  const store = await openStore(workplace);
  try {
    if (workplace.databaseUrl !== undefined) await assertSchemaFits(store);
    else await loadJournals(store, workplace.directory, terminal);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** An answer that is a little behind and says so is better than one that takes minutes. */
const maxLoadMillis = 1_500;

async function loadJournals(store: SqlLedgerStore, directory: string, terminal: Terminal): Promise<void> {
  let left = 0;
  const report = await createShipper({ directory, store }).shipOnce({
    signal: AbortSignal.timeout(maxLoadMillis),
    onProgress: ({ bytes, totalBytes }) => {
      left = Math.max(0, totalBytes - bytes);
    },
  });
  if (report.status === 'aborted') {
    terminal.note(
      `note: about ${byteSize(left)} of the journals are not loaded yet; \`spanledger ship\` loads all of it.`,
    );
  }
  if (report.status === 'unavailable') {
    terminal.note(`note: the journals could not be loaded: ${visible(report.message ?? report.code ?? 'unknown')}`);
  }
  for (const reason of report.unreadable) terminal.note(`note: ${visible(reason)}`);
}
