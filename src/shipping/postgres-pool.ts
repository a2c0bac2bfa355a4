import pg from 'pg';
import type { DatabaseAddress, ServerNeed } from './connection-string.ts';
import { createHosts, type HostPool, readOnlyCode } from './postgres-hosts.ts';

/** What a pool of ours is made with. */
export interface PostgresPoolOptions {
  readonly address: Pick<DatabaseAddress, 'hosts' | 'needs'>;
  readonly maxConnections: number;
  readonly connectTimeoutMillis: number;
  readonly lifetimeSeconds: number;
}

const idleTimeoutMillis = 30_000;

/** A pool of `pg` that keeps no process alive; where there are several servers, one for each of them. */
export function createPostgresPool(options: PostgresPoolOptions): HostPool<pg.PoolClient> {
  const { hosts } = options.address;
  const pools = hosts.map(({ name, connectionString }) => ({ name, pool: poolOf(connectionString, options) }));
  const [first] = pools;
  return first !== undefined && pools.length === 1 ? first.pool : createHosts(pools);
}

function poolOf(connectionString: string, options: PostgresPoolOptions): pg.Pool {
  const pool = new pg.Pool({
    Client: clients[options.address.needs],
    connectionString: plainUrl(connectionString),
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
    const connected = this.#connect();
    connected.catch(() => this.#closeSocket());
    if (callback === undefined) return connected;
    connected.then(
      () => callback(null, this),
      (error: Error) => callback(error, this),
    );
    return undefined;
  }

  /** Looks at the server before anything else is asked of it. */
  protected inspect(): Promise<void> {
    return Promise.resolve();
  }

  async #connect(): Promise<pg.Client> {
    await super.connect();
    await this.inspect();
    return this;
  }

  #closeSocket(): void {
    const { connection } = this as { connection?: { stream?: { destroy?(): void } } };
    connection?.stream?.destroy?.();
  }
}

/** Passes over a standby. */
class PrimaryClient extends TidyClient {
  protected override async inspect(): Promise<void> {
    await this.refuse('pg_catalog.pg_is_in_recovery()', 'it is a standby');
  }

  protected async refuse(condition: string, why: string): Promise<void> {
    const { rows } = await this.query<{ is_so: boolean }>(`select ${condition} as is_so`);
    if (rows[0]?.is_so === true) throw Object.assign(new Error(why), { code: readOnlyCode });
  }
}

/** Passes over a server that takes no writes, for whatever reason. */
class WritingClient extends PrimaryClient {
  protected override async inspect(): Promise<void> {
    await super.inspect();
    await this.refuse(`current_setting('default_transaction_read_only') = 'on'`, 'default_transaction_read_only is on');
  }
}

const clients: Readonly<Record<ServerNeed, typeof TidyClient>> = {
  any: TidyClient,
  primary: PrimaryClient,
  'read-write': WritingClient,
};

type Connected = (error: Error | null, client: pg.Client) => void;

/**
 * The connection string as `pg` 8 means it, said so that it does not warn of its next version with each start: it checks the
 * certificate with all of these modes.
 */
function plainUrl(connectionString: string): string {
  if (/[?&]uselibpqcompat=true/.test(connectionString)) return connectionString;
  return connectionString.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}
