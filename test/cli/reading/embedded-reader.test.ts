import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createStoreReader } from '../../../src/cli/reading/store-reader.ts';
import { rowsOf } from '../../../src/projection/rows.ts';
import { createEmbeddedStore } from '../../../src/shipping/embedded-store.ts';
import { sampleOwner, sampleRecords } from '../written-ledger.ts';
import { describeReader } from './reader-contract.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanledger-cli-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describeReader('a reader of the embedded store', async () => {
  const store = createEmbeddedStore({ directory });
  const records = sampleRecords();
  const rows = records.flatMap((record) => rowsOf(record, sampleOwner));
  const result = await store.ship({
    owner: sampleOwner,
    segment: '00000001',
    from: 0,
    to: 1,
    rows,
    records: records.length,
  });
  if (result.status !== 'stored') throw new Error(`The sample was not stored: ${JSON.stringify(result)}`);
  return createStoreReader(store, 'spanledger');
});
