import pg from 'pg';

/** What a pool of ours is made with. */
export interface PostgresPoolOptions {
  readonly connectionString: string;
  readonly maxConnections: number;
  readonly connectTimeoutMillis: number;
  readonly lifetimeSeconds: number;
}

const idleTimeoutMillis = 30_000;

/** A pool of `pg` that keeps no process alive. */
export function createPostgresPool(options: PostgresPoolOptions): pg.Pool {
  const pool = new pg.Pool({
    Client: TidyClient,
    connectionString: plainUrl(options.connectionString),
    application_name: 'spanledger',
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeoutMillis,
    idleTimeoutMillis,
    maxLifetimeSeconds: options.lifetimeSeconds,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // An idle connection that breaks has left the pool by the time it is told; the next one connects anew.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * Where the driver itself gives up while it connects, as for want of a password, it leaves its socket open: the process would not end
 * until the server has lost its patience, a minute later.
 */
class TidyClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.Client> | undefined {
    const connected = super.connect();
    connected.catch(() => this.#closeSocket());
    if (callback === undefined) return connected;
    connected.then(
      () => callback(null, this),
      (error: Error) => callback(error, this),
    );
    return undefined;
  }

  #closeSocket(): void {
    const { connection } = this as { connection?: { stream?: { destroy?(): void } } };
    connection?.stream?.destroy?.();
  }
}

type Connected = (error: Error | null, client: pg.Client) => void;

/**
 * The connection string as `pg` 8 means it, said so that it does not warn of its next version with each start: it checks the
 * certificate with all of these modes.
 */
function plainUrl(connectionString: string): string {
  if (/[?&]uselibpqcompat=true/.test(connectionString)) return connectionString;
  return connectionString.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}
