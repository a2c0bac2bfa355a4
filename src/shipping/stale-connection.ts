import { toDatabaseFailure } from './sql-state.ts';

/** A connection turned out to have been closed before anything was done with it. `cause` is what the driver said. */
export class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';

  constructor(cause: unknown) {
    super('The connection had been closed while nobody used it.', { cause });
  }
}

/** One that was closed says so at once, on a busy machine too; who waited for longer has waited for something else. */
const staleMillis = 5_000;
/** As many as may be idle at the same time. */
const mostStale = 3;
/** Connection exceptions, a server or pooler that ends a session, a socket that is gone. */
const closedCodes = /^(08|57P0[1235]$|ECONNRESET$|EPIPE$)/;

/**
 * Waits for the first that is done with a connection, which has to be harmless when it is done twice. Poolers, servers and firewalls close
 * connections that are idle; where the event loop was busy nobody has heard of it yet.
 *
 * @throws StaleConnectionError; what the driver says.
 */
export async function first<T>(work: Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await work;
  } catch (error) {
    const isStale = closedCodes.test(toDatabaseFailure(error).code) && performance.now() - begin < staleMillis;
    throw isStale ? new StaleConnectionError(error) : error;
  }
}

/** Tries with another connection where one was closed; what it says in the end is what the driver said. */
export async function withOpenConnection<T>(attempt: () => Promise<T>): Promise<T> {
  for (let stale = 1; ; stale += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      if (stale > mostStale) throw error.cause;
    }
  }
}
