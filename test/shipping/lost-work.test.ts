import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { placeEmbeddedStore, useDatabase } from '../harness/database.ts';
import { describeLostWork } from './lost-work-contract.ts';

const database = useDatabase();
const directory = mkdtempSync(join(tmpdir(), 'spanledger-lost-work-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('lost work in Postgres', () => {
  describeLostWork(() => createPostgresStore({ connectionString: database.url }));
});
describe('lost work in the embedded store', () => {
  beforeAll(() => placeEmbeddedStore(directory));
  describeLostWork(() => createEmbeddedStore({ directory }));
});
