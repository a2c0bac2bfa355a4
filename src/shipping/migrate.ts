import { SpanledgerError } from '../domain/errors.ts';
import { systemShippingClock } from './clock.ts';
import { parseSchemaName, qualified, quoteIdentifier } from './identifier.ts';
import { latestMigration, listMigrations, type Migration } from './migrations.ts';
import type { SqlConnection, SqlDatabase } from './sql-connection.ts';
import { toDatabaseFailure } from './sql-state.ts';

/** A migration that a schema has. */
export interface AppliedMigration {
  readonly id: number;
  readonly name: string;
  readonly appliedAt: Date;
}

/** Brings one schema of one database up to what this version needs. */
export interface Migrator {
  /** Number of the last migration applied; 0 when the schema is not there. */
  current(): Promise<number>;
  /** Number of the last migration this version knows. */
  readonly latest: number;
  history(): Promise<readonly AppliedMigration[]>;
  /**
   * Applies what is missing and returns it; forward only, each migration in a transaction of its own with its bookkeeping row.
   * Any number of installers may do so at once. One takes as long as its tables are large; for a lock it waits a few seconds only, since
   * all who come later wait behind it, and tries again some times.
   *
   * @throws SpanledgerError SCHEMA_NEWER when the schema has a migration this version does not know.
   */
  up(): Promise<readonly AppliedMigration[]>;
}

export interface MigratorOptions {
  /** How long a lock on a table is waited for, default 5 s. */
  readonly lockMillis?: number;
  /** Waits before it tries again. */
  readonly sleep?: (millis: number) => Promise<void>;
}

const defaultLockMillis = 5_000;
const mostAttempts = 10;
/** In which those who have waited behind the lock get on with their work. */
const pauseMillis = 5_000;

/** A migrator for `schema` of `database`. */
export function createMigrator(database: SqlDatabase, schema: string, options: MigratorOptions = {}): Migrator {
  const name = parseSchemaName(schema);
  return {
    latest: latestMigration(),
    current: () => database.transaction((connection) => currentMigration(connection, name)),
    history: () => database.transaction((connection) => history(connection, name)),
    up: () => up(database, name, options),
  };
}

/** Number of the last migration `schema` has; 0 when it has none. */
export async function currentMigration(connection: SqlConnection, schema: string): Promise<number> {
  if (!(await hasMigrations(connection, schema))) return 0;
  const [row] = await connection.query<{ id: number | null }>(`select max(id) as id from ${migrationsOf(schema)}`);
  return row?.id ?? 0;
}

async function history(connection: SqlConnection, schema: string): Promise<readonly AppliedMigration[]> {
  if (!(await hasMigrations(connection, schema))) return [];
  const sql = `select id, name, applied_at as "appliedAt" from ${migrationsOf(schema)} order by id`;
  return connection.query<AppliedMigration & Record<string, unknown>>(sql);
}

/**
 * Read from the catalog itself: `to_regclass` answers from a cache that is not brought up to date by waiting for an advisory lock, so
 * an installer that asked too early would not see what the one before it made.
 */
async function hasMigrations(connection: SqlConnection, schema: string): Promise<boolean> {
  const [row] = await connection.query<{ found: boolean }>(
    `select exists (
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = 'migrations'
    ) as found`,
    [schema],
  );
  return row?.found === true;
}

function migrationsOf(schema: string): string {
  return qualified(schema, 'migrations');
}

async function up(
  database: SqlDatabase,
  schema: string,
  { lockMillis = defaultLockMillis, sleep = systemShippingClock.sleep }: MigratorOptions,
): Promise<readonly AppliedMigration[]> {
  const found = await database.transaction((connection) => currentMigration(connection, schema), 'patient');
  if (found === latestMigration()) return [];
  await database.transaction((connection) => prepare(connection, schema), 'patient');
  const applied: AppliedMigration[] = [];
  for (const migration of listMigrations()) {
    const attempt = () =>
      database.transaction((connection) => apply(connection, schema, migration, lockMillis), 'patient');
    const done = await againstOthers(attempt, sleep);
    if (done !== undefined) applied.push(done);
  }
  return applied;
}

/** Tries again what somebody was in the way of, such as a backup that reads every table. */
async function againstOthers<T>(attempt: () => Promise<T>, sleep: (millis: number) => Promise<void>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === mostAttempts || toDatabaseFailure(error).kind !== 'conflict') throw error;
      await sleep(pauseMillis);
    }
  }
}

async function prepare(connection: SqlConnection, schema: string): Promise<void> {
  await takeTurn(connection, schema);
  if (!(await hasMigrations(connection, schema))) await createBookkeeping(connection, schema);
  const found = await currentMigration(connection, schema);
  const known = latestMigration();
  if (found > known) throw new SpanledgerError('SCHEMA_NEWER', { details: { found, known } });
}

/** Installers take turns; the lock ends with the transaction, so a pooler in transaction mode is no obstacle. */
async function takeTurn(connection: SqlConnection, schema: string): Promise<void> {
  await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `spanledger migrations of ${schema}`,
  ]);
}

/** Asks before it creates: an owner of an existing schema need not be allowed to create schemas. */
async function createBookkeeping(connection: SqlConnection, schema: string): Promise<void> {
  const [row] = await connection.query<{ found: boolean }>(
    'select exists (select from pg_catalog.pg_namespace where nspname = $1) as found',
    [schema],
  );
  if (row?.found !== true) await connection.script(`create schema ${quoteIdentifier(schema)}`);
  await connection.script(`create table ${migrationsOf(schema)} (
    id integer primary key,
    name text not null,
    applied_at timestamptz not null default clock_timestamp()
  )`);
}

/** The bookkeeping row comes first: whoever is second finds it, or waits for it, before touching a table. */
async function apply(
  connection: SqlConnection,
  schema: string,
  migration: Migration,
  lockMillis: number,
): Promise<AppliedMigration | undefined> {
  await takeTurn(connection, schema);
  const [row] = await connection.query<{ applied_at: Date }>(
    `insert into ${migrationsOf(schema)} (id, name) values ($1, $2) on conflict (id) do nothing returning applied_at`,
    [migration.id, migration.name],
  );
  if (row === undefined) return undefined;
  await connection.script(`set local lock_timeout = ${lockMillis}`);
  await connection.script(migration.sql(schema));
  return { id: migration.id, name: migration.name, appliedAt: row.applied_at };
}
