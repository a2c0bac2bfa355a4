import { quoteIdentifier } from './identifier.ts';

/** A row as a driver returns it. */
export type SqlRow = Record<string, unknown>;

/** One statement with the values bound in it. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** One connection, inside or outside a transaction. Both databases are spoken to through this port. */
export interface SqlConnection {
  /** Runs one statement. `timestamptz` comes back as `Date`, `bigint` and `numeric` as `number`, jsonb parsed. */
  query<T extends SqlRow = SqlRow>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]>;
  /** Runs several statements without parameters. */
  script(sql: string): Promise<void>;
  /** Copies rows in Postgres' binary COPY format. `target` is a table and its columns, quoted. */
  copy(target: string, data: Uint8Array): Promise<void>;
  /**
   * Runs several statements in one round trip; each `copy … from stdin (format binary)` among them takes the next of `copies`. A
   * connection may be unable to do so.
   */
  copyScript?(script: string, copies: readonly Uint8Array[]): Promise<void>;
}

/** Where connections come from. */
export interface SqlDatabase {
  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. An error after the commit was sent
   * does not tell whether it took effect.
   */
  transaction<T>(work: (connection: SqlConnection) => Promise<T>, mode?: TransactionMode): Promise<T>;
  /**
   * Runs statements in a read-only transaction, with the schema that names without one are looked up in, all in one round trip. A
   * database may be unable to do so.
   */
  ask?(schema: string, statements: readonly Statement[]): Promise<readonly (readonly SqlRow[])[]>;
}

/** What a transaction is begun with. `patient`: its statements may take hours, as building an index of a large table does. */
export type TransactionMode = 'read only' | 'patient' | { readonly readOnly: true; readonly schema: string };

/**
 * The settings in it: `begin …`, and the schema that names without one are looked up in. Who waits for a lock has to see what the one
 * before has left, whatever isolation the database or the role has by default.
 */
export function beginSql(mode: TransactionMode | undefined): string {
  const begin = 'begin isolation level read committed';
  if (mode === undefined || mode === 'patient') return begin;
  if (mode === 'read only') return `${begin} read only`;
  return `${begin} read only; set local search_path = ${quoteIdentifier(mode.schema)}, public`;
}
