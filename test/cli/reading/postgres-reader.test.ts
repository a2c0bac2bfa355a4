import type { LedgerReader } from '../../../src/cli/reading/ledger-reader.ts';
import { createStoreReader } from '../../../src/cli/reading/store-reader.ts';
import type { LedgerRecord } from '../../../src/projection/record.ts';
import { rowsOf } from '../../../src/projection/rows.ts';
import type { SqlLedgerStore } from '../../../src/shipping/ledger-store.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { useDatabase } from '../../harness/database.ts';
import { sampleOwner, sampleRecords } from '../written-ledger.ts';
import { describeReader } from './reader-contract.ts';
import { describeRequests, requestRecords } from './requests-contract.ts';
import { describeRunning, openWorkRecords } from './running-contract.ts';

const database = useDatabase();
const runningDatabase = useDatabase();
const requestDatabase = useDatabase();

/** A reader of what these records make, of a process that lives. */
async function readerOf(store: SqlLedgerStore, records: readonly LedgerRecord[]): Promise<LedgerReader> {
  const rows = records.flatMap((record) => rowsOf(record, sampleOwner));
  const stretch = { owner: sampleOwner, segment: '00000001', from: 0, to: 1, records: records.length };
  const result = await store.ship({ ...stretch, rows });
  if (result.status !== 'stored') throw new Error(`The sample was not stored: ${JSON.stringify(result)}`);
  await store.heartbeat({ owner: sampleOwner, seenAt: Date.now() * 1000 });
  return createStoreReader(store, 'spanledger');
}

describeReader('a reader of Postgres', () =>
  readerOf(createPostgresStore({ connectionString: database.url }), sampleRecords()),
);
describeRunning('a reader of Postgres', () =>
  readerOf(createPostgresStore({ connectionString: runningDatabase.url }), openWorkRecords()),
);
describeRequests('a reader of Postgres', () =>
  readerOf(createPostgresStore({ connectionString: requestDatabase.url }), requestRecords()),
);
