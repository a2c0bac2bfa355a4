// Ships to the embedded store in argv[2] without end and tells of each shipment that was acknowledged; a test ends it.
import '../harness/baseline-wasm.ts';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import { auditRow, progressRow, shipment } from './sample-rows.ts';

const store = createEmbeddedStore({ directory: process.argv[2] ?? '' });
for (let from = 0; ; from += 100) {
  const rows = Array.from({ length: 20 }, (_, seq) => auditRow({ seq: from + seq, created_at: Date.now() * 1000 }));
  const result = await store.ship(shipment([...rows, progressRow({ version: from + 1 })], { from, to: from + 100 }));
  if (result.status !== 'stored') throw new Error(JSON.stringify(result));
  process.stdout.write(`${result.offset}\n`);
}
