import { type AppliedMigration, createMigrator } from './migrate.ts';
import { createPostgresDatabase, type PostgresOptions } from './postgres-database.ts';

/**
 * Migrates a schema of a Postgres in one call.
 *
 * @throws SpanledgerError DATABASE_URL_INVALID, SCHEMA_NEWER; what the driver says.
 */
export async function migrate(
  options: PostgresOptions & { readonly schema: string },
): Promise<readonly AppliedMigration[]> {
  const database = createPostgresDatabase(options);
  try {
    return await createMigrator(database, options.schema).up();
  } finally {
    await database.close();
  }
}
