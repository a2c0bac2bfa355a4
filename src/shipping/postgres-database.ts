import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { type DatabaseAddress, parseConnectionString } from './connection-string.ts';
import { CopyScript } from './copy-script.ts';
import { quoteIdentifier } from './identifier.ts';
import { type HostPool, readOnlyCode } from './postgres-hosts.ts';
import { createPostgresPool } from './postgres-pool.ts';
import { Questions } from './questions.ts';
import {
  beginSql,
  type SqlConnection,
  type SqlDatabase,
  type SqlRow,
  type Statement,
  type TransactionMode,
} from './sql-connection.ts';
import { toDatabaseFailure } from './sql-state.ts';
import { first, withOpenConnection } from './stale-connection.ts';

/** The slice of `pg.PoolClient` that is used. */
export interface PooledClient {
  query(sql: string): Promise<unknown>;
  query(config: { text: string; values?: unknown[]; types?: unknown }): Promise<{ rows: unknown[] }>;
  query(stream: pg.Submittable): unknown;
  release(destroy?: boolean | Error): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** The slice of `pg.Pool` that is used; a pool of the caller's own is not ended with the store. */
export interface ConnectionPool {
  connect(): Promise<PooledClient>;
}

export interface PostgresOptions {
  /** May name several hosts, of which the one that takes writes is used. */
  readonly connectionString: string;
  /** Connections at most; default 3. Fewer than three ship more slowly. */
  readonly maxConnections?: number;
  readonly connectTimeoutMillis?: number;
  /**
   * How long the server may be silent within a transaction, default 30 s. Then the server gives up the statement, and a moment
   * later, should no answer come through, the socket is destroyed.
   */
  readonly statementTimeoutMillis?: number;
  /**
   * How long a connection is used, default half an hour. One that lives for days has temporary tables of an age that the server cannot
   * freeze: a busy database would in the end refuse every transaction.
   */
  readonly connectionLifetimeSeconds?: number;
  readonly pool?: ConnectionPool;
}

export interface PostgresDatabase extends SqlDatabase {
  /** Name for people, without credentials. */
  readonly description: string;
  /** Connections there may be; 0 where the pool is the caller's, who may have other use for them. */
  readonly connections: number;
  /** `text` without the password. */
  conceal(text: string): string;
  close(): Promise<void>;
}

const defaultConnections = 3;
const defaultConnectTimeoutMillis = 5_000;
const defaultStatementTimeoutMillis = 30_000;
const graceMillis = 2_000;
/** Nobody who waits so long expects an answer. */
const patienceMillis = 24 * 3_600_000;
const defaultConnectionLifetimeSeconds = 1_800;

/**
 * A Postgres reached through `pg`. Nothing is kept in a session beyond its transaction, so a pooler in transaction mode may
 * stand between. A connection with a fault is destroyed, never reused.
 */
export function createPostgresDatabase(options: PostgresOptions): PostgresDatabase {
  const address = parseConnectionString(options.connectionString);
  const own = options.pool === undefined ? createPool(address, options) : undefined;
  const pool: ConnectionPool = options.pool ?? own ?? createPool(address, options);
  const silence = options.statementTimeoutMillis ?? defaultStatementTimeoutMillis;
  let closing: Promise<void> | undefined;
  return {
    description: address.description,
    connections: own === undefined ? 0 : (options.maxConnections ?? defaultConnections),
    conceal: address.conceal,
    transaction: (work, mode) => transaction(pool, silence, work, mode),
    // What a client of the caller's own makes of messages of ours is not known.
    ...(own !== undefined && {
      ask: (schema: string, statements: readonly Statement[]) => ask(own, silence, { schema, statements }),
    }),
    close() {
      closing ??= own?.end() ?? Promise.resolve();
      return closing;
    },
  };
}

function createPool(address: DatabaseAddress, options: PostgresOptions): HostPool<pg.PoolClient> {
  return createPostgresPool({
    address,
    maxConnections: options.maxConnections ?? defaultConnections,
    connectTimeoutMillis: options.connectTimeoutMillis ?? defaultConnectTimeoutMillis,
    lifetimeSeconds: options.connectionLifetimeSeconds ?? defaultConnectionLifetimeSeconds,
  });
}

function transaction<T>(
  pool: ConnectionPool,
  silence: number,
  work: (connection: SqlConnection) => Promise<T>,
  mode: TransactionMode | undefined,
): Promise<T> {
  const limit = mode === 'patient' ? patienceMillis : silence;
  return withOpenConnection(() =>
    withClient(pool, { silence: limit, recovery: 'rollback' }, async (connection) => {
      await first(connection.script(beginning(limit, mode)));
      const result = await work(connection);
      await connection.script('commit');
      return result;
    }),
  );
}

interface Asked {
  readonly schema: string;
  readonly statements: readonly Statement[];
}

/** The transaction has ended by the time an error is told; what remains to be known is whether the connection lives. */
function ask(
  pool: ConnectionPool,
  silence: number,
  { schema, statements }: Asked,
): Promise<readonly (readonly SqlRow[])[]> {
  return withOpenConnection(() =>
    withClient(pool, { silence, recovery: 'select' }, (_, client) => {
      const questions = new Questions(settings(silence, schema), statements, types);
      const answered = withDeadline(client, silence + graceMillis, () => {
        client.query(questions);
        return questions.answers;
      });
      return first(answered);
    }),
  );
}

/** Does something with a client of the pool. After a failure a client is kept that still answers to `recovery`. */
async function withClient<T>(
  pool: ConnectionPool,
  { silence, recovery }: { readonly silence: number; readonly recovery: string },
  work: (connection: SqlConnection, client: PooledClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const connection = createConnection(client, silence);
  client.on('error', ignore);
  let broken = true;
  try {
    const result = await work(connection, client);
    broken = false;
    return result;
  } catch (error) {
    broken = isReadOnly(error) || !(await succeeds(connection, recovery));
    throw error;
  } finally {
    client.off('error', ignore);
    if (broken) destroySocket(client);
    client.release(broken);
  }
}

/** A commit that is acknowledged before it is on disk would lose what the journal has given up by then. */
const durably = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;

/**
 * Whether a server takes no writes. Its connection is given up, also by a pooler between: the next one leads to wherever the address
 * leads by then, and this one would go on to a standby for as long as it is asked.
 */
function isReadOnly(error: unknown): boolean {
  return toDatabaseFailure(error).code === readOnlyCode;
}

/** Settings travel with the transaction, as start-up parameters would not through every pooler. */
function beginning(silence: number, mode: TransactionMode | undefined): string {
  const limits = [
    `set local statement_timeout = ${silence}`,
    `set local idle_in_transaction_session_timeout = ${silence + graceMillis}`,
    `set local lock_timeout = ${Math.ceil(silence / 3)}`,
  ];
  const writes = mode === undefined || mode === 'patient';
  return [beginSql(mode), ...limits, ...(writes ? [durably] : [])].join('; ');
}

/** The same for a transaction that is asked, as a statement without a result: `concat` is never null. */
function settings(silence: number, schema: string): string {
  const values = {
    transaction_read_only: 'on',
    search_path: `${quoteIdentifier(schema)}, public`,
    statement_timeout: silence,
    lock_timeout: Math.ceil(silence / 3),
  };
  const set = Object.entries(values).map(([name, value]) => `set_config('${name}', '${value}', true)`);
  return `select where concat(${set.join(', ')}) is null`;
}

async function succeeds(connection: SqlConnection, statement: string): Promise<boolean> {
  try {
    await connection.script(statement);
    return true;
  } catch {
    return false;
  }
}

function createConnection(client: PooledClient, silence: number): SqlConnection {
  const guarded = <T>(work: Promise<T>) => withDeadline(client, silence + graceMillis, () => work);
  return {
    async query<T extends SqlRow>(sql: string, parameters: readonly unknown[] = []) {
      const result = await guarded(client.query({ text: sql, values: [...parameters], types }));
      return result.rows as readonly T[];
    },
    async script(sql) {
      await guarded(client.query(sql));
    },
    copy: (target, data) => guarded(copy(client, target, data)),
    copyScript: (script, copies) =>
      withDeadline(client, silence + graceMillis, (onAnswer) => {
        const running = new CopyScript(script, copies, onAnswer);
        client.query(running);
        return running.done;
      }),
  };
}

/** Waits for `work` unless the other side stays silent for too long; then nothing but the end of the socket helps. */
async function withDeadline<T>(
  client: PooledClient,
  millis: number,
  work: (onAnswer: () => void) => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      destroySocket(client);
      reject(Object.assign(new Error(`The database did not answer for ${millis} ms.`), { code: 'ETIMEDOUT' }));
    }, millis).unref();
  });
  try {
    return await Promise.race([work(() => timer?.refresh()), silent]);
  } finally {
    clearTimeout(timer);
  }
}

function copy(client: PooledClient, target: string, data: Uint8Array): Promise<void> {
  const stream = copyStreams.from(`copy ${target} from stdin (format binary)`);
  client.query(stream);
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('finish', resolve);
    stream.end(data);
  });
}

function destroySocket(client: PooledClient): void {
  const { connection } = client as { connection?: { stream?: { destroy?(): void } } };
  connection?.stream?.destroy?.();
}

function ignore(): void {}

const int8 = 20;
const numeric = 1700;

/** `bigint` and `numeric` as numbers: counts and sums of ours stay far below 2^53. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8 || oid === numeric) return Number;
    return pg.types.getTypeParser(oid, format ?? 'text');
  },
};
