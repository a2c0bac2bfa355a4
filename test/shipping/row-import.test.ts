import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { placeEmbeddedStore, useDatabase } from '../harness/database.ts';
import { describeRowImport } from './row-import-contract.ts';

const database = useDatabase();
const directory = mkdtempSync(join(tmpdir(), 'spanledger-import-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('row import into Postgres', () => {
  describeRowImport(() => createPostgresStore({ connectionString: database.url }));
});
describe('row import into the embedded store', () => {
  beforeAll(() => placeEmbeddedStore(directory));
  describeRowImport(() => createEmbeddedStore({ directory }));
});
