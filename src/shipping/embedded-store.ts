import { type ShippingClock, systemShippingClock } from './clock.ts';
import { createEmbeddedDatabase } from './embedded-database.ts';
import { embeddedStoreDirectory } from './embedded-place.ts';
import { createLedgerStore, type SqlLedgerStore } from './ledger-store.ts';
import { createMigrator } from './migrate.ts';

export interface EmbeddedStoreOptions {
  /** The spanledger directory; the store is `store` in it. */
  readonly directory: string;
  /** Default `spanledger`. */
  readonly schema?: string;
  /** How long to wait for another process that uses the store; default 10 s. */
  readonly waitMillis?: number;
  readonly clock?: ShippingClock;
}

const defaultWaitMillis = 10_000;

/**
 * The ledger in a Postgres of its own (PGlite), for people without a server. It opens with the first use, migrates itself, runs in
 * a thread, and is shared by processes in turns.
 *
 * Its methods fail with SpanledgerError STORE_LOCKED, EMBEDDED_MISSING or SCHEMA_NEWER when it cannot be opened.
 */
export function createEmbeddedStore(options: EmbeddedStoreOptions): SqlLedgerStore {
  const schema = options.schema ?? 'spanledger';
  const clock = options.clock ?? systemShippingClock;
  const directory = embeddedStoreDirectory(options.directory);
  const database = createEmbeddedDatabase({
    directory,
    clock,
    waitMillis: options.waitMillis ?? defaultWaitMillis,
    prepare: async (opened) => {
      const migrator = createMigrator(opened, schema);
      // Asking is one statement; going through all migrations is four for each, a tenth of the time an opening takes.
      if ((await migrator.current()) !== migrator.latest) await migrator.up();
    },
  });
  return createLedgerStore({
    database,
    schema,
    description: `embedded store ${directory}`,
    now: clock.now,
    close: () => database.close(),
  });
}
