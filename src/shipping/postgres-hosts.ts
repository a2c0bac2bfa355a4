import type { HostAddress } from './connection-string.ts';

/** A pool of connections to one server. */
export interface HostPool<C> {
  connect(): Promise<C>;
  end(): Promise<void>;
}

/** Of several servers one is used. */
export interface Host<C> extends Pick<HostAddress, 'name'> {
  readonly pool: HostPool<C>;
}

/** SQLSTATE of a server that takes no writes. */
export const readOnlyCode = '25006';

/**
 * The pools of several servers as one: connections come from the server that gave the last one, or, when it gives none, from the next that
 * does. So who has the place of another is found with the first connection that is needed, and nobody goes back for as long as it lives.
 * Where none gives one the error tells of each, with the code of the first that cannot be reached.
 */
export function createHosts<C>(hosts: readonly Host<C>[]): HostPool<C> {
  let current = 0;
  return {
    async connect() {
      const failures: HostFailure[] = [];
      for (const [step] of hosts.entries()) {
        const index = (current + step) % hosts.length;
        const host = hosts[index];
        if (host === undefined) break;
        try {
          const connection = await host.pool.connect();
          current = index;
          return connection;
        } catch (error) {
          failures.push({ name: host.name, error });
        }
      }
      throw toError(failures);
    },
    async end() {
      await Promise.all(hosts.map(({ pool }) => pool.end()));
    },
  };
}

interface HostFailure {
  readonly name: string;
  readonly error: unknown;
}

function toError(failures: readonly HostFailure[]): Error {
  const told = failures.map(({ name, error }) => `${name}: ${messageOf(error)}`).join('; ');
  const codes = failures.map(({ error }) => (error as { code?: unknown }).code);
  const code = codes.find((one) => one !== readOnlyCode) ?? codes[0];
  return Object.assign(new Error(told, { cause: failures[0]?.error }), typeof code === 'string' ? { code } : {});
}

/** Of a name with several addresses the error itself says nothing. */
function messageOf(error: unknown): string {
  const { message, errors } = error as { message?: unknown; errors?: readonly unknown[] };
  return message === undefined || message === '' ? messageOf(errors?.[0] ?? { message: 'it failed' }) : String(message);
}
