import { describe } from 'vitest';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { useDatabase } from '../harness/database.ts';
import { noon } from './sample-rows.ts';
import { describeStore } from './store-contract.ts';

const database = useDatabase();

describe('the Postgres store', () => {
  describeStore(() => createPostgresStore({ connectionString: database.url, now: () => noon, maxConnections: 8 }));
});
