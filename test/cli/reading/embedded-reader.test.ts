import { createStoreReader } from '../../../src/cli/reading/store-reader.ts';
import { rowsOf } from '../../../src/projection/rows.ts';
import { createEmbeddedStore } from '../../../src/shipping/embedded-store.ts';
import { heldDirectory, sampleOwner, sampleRecords } from '../written-ledger.ts';
import { describeReader } from './reader-contract.ts';

const directory = heldDirectory();

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
