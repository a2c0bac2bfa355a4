import { createLedgerStore, type SqlLedgerStore } from './ledger-store.ts';
import { createPostgresDatabase, type PostgresOptions } from './postgres-database.ts';

export interface PostgresStoreOptions extends PostgresOptions {
  /** Default `spanledger`. */
  readonly schema?: string;
  /** Microseconds since the epoch; default the wall clock. */
  readonly now?: () => number;
}

/** Two shipments under way, and a third connection for questions and signs of life. */
const connectionsToOverlap = 3;

/**
 * The ledger in a Postgres, 14 or later. Connects with the first use.
 *
 * @throws SpanledgerError DATABASE_URL_INVALID, SETTING_INVALID
 */
export function createPostgresStore(options: PostgresStoreOptions): SqlLedgerStore {
  const database = createPostgresDatabase(options);
  return createLedgerStore({
    database,
    schema: options.schema ?? 'spanledger',
    description: database.description,
    overlaps: database.connections >= connectionsToOverlap,
    now: options.now ?? (() => Date.now() * 1000),
    conceal: database.conceal,
    close: () => database.close(),
  });
}
