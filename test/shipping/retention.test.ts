import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { placeEmbeddedStore, useDatabase } from '../harness/database.ts';
import { describeRetention } from './retention-contract.ts';
import { describeStateRetention } from './retention-state-contract.ts';

const database = useDatabase();
const directory = mkdtempSync(join(tmpdir(), 'spanledger-retention-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('retention in Postgres', () => {
  describeRetention(() => createPostgresStore({ connectionString: database.url }));
});
describe('retention of state in Postgres', () => {
  describeStateRetention(() => createPostgresStore({ connectionString: database.url }));
});
describe('retention in the embedded store', () => {
  beforeAll(() => placeEmbeddedStore(directory));
  describeRetention(() => createEmbeddedStore({ directory }));
});
describe('retention of state in the embedded store', () => {
  describeStateRetention(() => createEmbeddedStore({ directory }));
});
