import { afterAll, beforeAll, inject } from 'vitest';
import { copyEmbeddedStore } from './embedded-template.ts';

/** A database of the test file's own on a real Postgres. `url` may be read in hooks and tests. */
export interface TestDatabase {
  readonly url: string;
}

/**
 * Gives the test file (or the describe block) a fresh database, migrated unless `empty` is asked for, and drops it afterwards.
 *
 * ```ts
 * const database = useDatabase();
 * test('…', async () => { const client = new pg.Client({ connectionString: database.url }); … });
 * ```
 */
export function useDatabase(kind: 'migrated' | 'empty' = 'migrated'): TestDatabase {
  let url: string | undefined;
  beforeAll(async () => {
    url = await createDatabase(kind);
  });
  afterAll(async () => {
    if (url !== undefined) await dropDatabase(url);
  });
  return {
    get url() {
      if (url === undefined) throw new Error('The database exists only inside hooks and tests.');
      return url;
    },
  };
}

/** A further database; the caller drops it with {@link dropDatabase}. */
export async function createDatabase(kind: 'migrated' | 'empty' = 'migrated'): Promise<string> {
  return ask('POST', kind);
}

/** Drops a database with every connection to it. */
export async function dropDatabase(url: string): Promise<void> {
  await ask('DELETE', new URL(url).pathname.slice(1));
}

/** Puts a migrated, empty embedded store into a spanledger directory, as an earlier program would have left it. */
export async function placeEmbeddedStore(directory: string): Promise<void> {
  copyEmbeddedStore(await ask('POST', 'embedded'), directory);
}

async function ask(method: string, path: string): Promise<string> {
  const response = await fetch(`${inject('databaseService')}/${path}`, { method });
  const text = await response.text();
  if (!response.ok) throw new Error(`No test database: ${text}`);
  return text;
}
