import type { Settings } from '../configuration/setting-table.ts';
import { hasEmbeddedStore } from '../shipping/embedded-place.ts';
import { lookupMillis, type SessionHistoryOptions } from './session-history.ts';

/** Stores that the history of sessions asks, loaded with the first question: most programs never ask. */
export function sessionStores(
  settings: Pick<Settings, 'databaseUrl' | 'schema'>,
  directory: string,
): Pick<SessionHistoryOptions, 'openStore' | 'openEmbedded'> {
  const { databaseUrl, schema } = settings;
  if (databaseUrl !== undefined) {
    const openStore = async () => {
      const { createPostgresStore } = await import('../shipping/postgres-store.ts');
      // An attempt to connect keeps the program alive, and nobody waits for it longer than for the answer.
      const connectTimeoutMillis = lookupMillis;
      return createPostgresStore({ connectionString: databaseUrl, schema, maxConnections: 1, connectTimeoutMillis });
    };
    return { openStore };
  }
  const openEmbedded = async () => {
    // Nobody has looked at the records yet, so all of them are still in the journal.
    if (!hasEmbeddedStore(directory)) return undefined;
    const { createEmbeddedStore } = await import('../shipping/embedded-store.ts');
    return createEmbeddedStore({ directory, schema });
  };
  return { openEmbedded };
}
