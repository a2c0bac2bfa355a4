import { SpanledgerError } from '../../domain/errors.ts';
import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import type { Workplace } from '../workplace.ts';

const connectTimeoutMillis = 3_000;
const storeWaitMillis = 5_000;

/** How a store is opened. */
export interface StoreOpening {
  /** How long Postgres may take for one statement, where the usual half a minute is too short. */
  readonly statementTimeoutMillis?: number;
}

/**
 * Opens the store that the settings name: Postgres, or the embedded one. That it answers is certain, not that its
 * schema fits.
 *
 * @throws SpanledgerError DATABASE_UNREACHABLE, STORE_LOCKED, EMBEDDED_MISSING
 */
export async function openStore(workplace: Workplace, options: StoreOpening = {}): Promise<SqlLedgerStore> {
  const store = await createStore(workplace, options);
  try {
    await store.query('select 1');
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Opens the store, lets `work` use it and closes it. */
export async function withStore<T>(workplace: Workplace, work: (store: SqlLedgerStore) => Promise<T>): Promise<T> {
  const store = await openStore(workplace);
  try {
    return await work(store);
  } catch (error) {
    throw await store.explained(error);
  } finally {
    await store.close();
  }
}

/**
 * A schema that is newer still has what is read here; one that is older may not.
 *
 * @throws SpanledgerError SCHEMA_MISSING, SCHEMA_OLDER, DATABASE_FORBIDDEN
 */
export async function assertSchemaFits(store: SqlLedgerStore): Promise<void> {
  const found = await store.migrator.current().catch(async (error: unknown) => {
    throw await store.explained(error);
  });
  const needed = store.migrator.latest;
  const { description: database, schema } = store;
  if (found === 0) throw new SpanledgerError('SCHEMA_MISSING', { details: { database, schema } });
  if (found < needed) throw new SpanledgerError('SCHEMA_OLDER', { details: { found, needed } });
}

async function createStore(
  { databaseUrl, directory, schema }: Workplace,
  options: StoreOpening,
): Promise<SqlLedgerStore> {
  if (databaseUrl === undefined) {
    const { createEmbeddedStore } = await import('../../shipping/embedded-store.ts');
    return createEmbeddedStore({ directory, schema, waitMillis: storeWaitMillis });
  }
  const { createPostgresStore } = await import('../../shipping/postgres-store.ts');
  return createPostgresStore({ connectionString: databaseUrl, schema, connectTimeoutMillis, ...options });
}
