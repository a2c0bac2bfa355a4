import type { LedgerReader } from '../../../src/cli/reading/ledger-reader.ts';
import { createStoreReader } from '../../../src/cli/reading/store-reader.ts';
import type { JournalOwner, LedgerRecord } from '../../../src/projection/record.ts';
import { rowsOf } from '../../../src/projection/rows.ts';
import type { SqlLedgerStore } from '../../../src/shipping/ledger-store.ts';
import { sampleOwner } from '../written-ledger.ts';
import { daemonKilledAt, daemonOwner, daemonRecords, releaseRecords, releases, storyRecords } from './why-contract.ts';

/** A reader over a store that holds the stories: of a process that lives, and of one that was killed. */
export async function storyReader(store: SqlLedgerStore): Promise<LedgerReader> {
  await ship(store, sampleOwner, storyRecords());
  await ship(store, daemonOwner, daemonRecords());
  for (const owner of releases) await ship(store, owner, releaseRecords(owner));
  const [, left] = releases;
  if (left !== undefined) {
    const found = { by: 'journal', found: 'its journal was left behind' };
    const at = left.startedAt + 1_000_000;
    await store.heartbeat({ owner: left, seenAt: at, endedAt: at, exitEvidence: JSON.stringify(found) });
  }
  await store.heartbeat({ owner: sampleOwner, seenAt: Date.now() * 1000, cpuRatio: 0.2 });
  await store.heartbeat({
    owner: daemonOwner,
    seenAt: daemonKilledAt,
    endedAt: daemonKilledAt,
    exitSignal: 'SIGKILL',
    exitEvidence: JSON.stringify({ by: 'parent' }),
  });
  return createStoreReader(store, 'spanledger');
}

async function ship(store: SqlLedgerStore, owner: JournalOwner, records: readonly LedgerRecord[]): Promise<void> {
  const rows = records.flatMap((record) => rowsOf(record, owner));
  const stretch = { owner, segment: '00000001', from: 0, to: 1, records: records.length };
  const result = await store.ship({ ...stretch, rows });
  if (result.status !== 'stored') throw new Error(`The sample was not stored: ${JSON.stringify(result)}`);
}
