// Applies retention in a process of its own, in batches of two rows: `node --import … retention-process.ts URL`.
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { applyRetention } from '../../src/shipping/retention.ts';

const store = createPostgresStore({ connectionString: process.argv[2] ?? '' });
await applyRetention(store, { days: 30, batchRows: 2 });
await store.close();
