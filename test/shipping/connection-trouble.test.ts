import pg from 'pg';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SpanledgerError } from '../../src/domain/errors.ts';
import { isForbidden, isUnreachable, remedyFor } from '../../src/shipping/connection-trouble.ts';
import { createPostgresStore, type PostgresStoreOptions } from '../../src/shipping/postgres-store.ts';
import { useDatabase } from '../harness/database.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { auditRow, noon, shipment } from './sample-rows.ts';
import { startUntrustedServer } from './untrusted-server.ts';

const stores: ReturnType<typeof createPostgresStore>[] = [];
const open = (connectionString: string, options: Partial<PostgresStoreOptions> = {}) => {
  const store = createPostgresStore({ connectionString, now: () => noon, ...options });
  stores.push(store);
  return store;
};
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

const failureOf = async (work: Promise<unknown>): Promise<SpanledgerError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SpanledgerError) return error;
  throw new Error('It did not fail with an error of ours.', { cause: error });
};

describe('what to do', () => {
  test.each([
    ['28P01', 'password authentication failed for user "app"', /user and password/],
    ['08006', 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', /SPANLEDGER_DATABASE_PASSWORD/],
    ['28000', 'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption', /sslmode=verify-full/],
    ['08006', 'The server does not support SSL connections', /take sslmode/],
    ['3D000', 'database "nodb" does not exist', /Create this database/],
    ['53300', 'sorry, too many clients already', /max_connections/],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND nosuch.invalid', /Check the host/],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND one,two', /before the path/],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', /server runs/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', /sslrootcert/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', /sslrootcert/],
    ['CERT_HAS_EXPIRED', 'certificate has expired', /Renew/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', "Host: x. is not in the cert's altnames", /another name/],
    ['ETIMEDOUT', 'The database did not answer for 32000 ms.', /a pooler between may be paused/],
    ['08006', 'Connection terminated due to connection timeout', /firewall/],
    ['08P01', 'query_wait_timeout', /default_pool_size/],
    ['08P01', 'no more connections allowed (max_client_conn)', /takes no more clients/],
    ['08P01', 'SASL authentication failed', /user and password/],
    ['08P01', 'database "nodb" does not exist', /Create this database/],
    ['08P01', 'database "db" is disabled', /ENABLE/],
    ['08P01', 'unsupported startup parameter: options', /ignore_startup_parameters/],
    ['08P01', 'unsupported startup parameter in options: geqo', /ignore_startup_parameters/],
    ['08P01', 'server login has been failing, cached error: x (server_login_retry)', /reaches no server/],
    ['08P01', 'client_login_timeout (server down)', /reaches no server/],
    ['EACCES', "EACCES: permission denied, mkdir '/srv/.spanledger/store'", /owner and mode/],
  ])('fits %s: %s', (code, message, remedy) => {
    expect(isUnreachable(code)).toBe(true);
    expect(remedyFor(code, message)).toMatch(remedy);
    // More would be cut off in the error.
    expect(remedyFor(code, message).length).toBeLessThanOrEqual(200);
  });

  test('is told of rights and of standbys, which can be reached', () => {
    for (const code of ['42501', '25006']) expect([isForbidden(code, ''), isUnreachable(code)]).toEqual([true, false]);
    expect(remedyFor('42501', 'permission denied for schema spanledger')).toContain('spanledger_writer');
    expect(remedyFor('25006', 'cannot execute INSERT in a read-only transaction')).toContain('standby');
  });

  test('is told of a pooler that cuts transactions', () => {
    const message = 'transaction blocks not allowed in statement pooling mode';
    expect(isForbidden('08P01', message)).toBe(true);
    expect(remedyFor('08P01', message)).toContain('pool_mode = transaction');
  });

  test('is general where nothing more is known', () => {
    expect(remedyFor('08006', 'Connection terminated unexpectedly')).toBe('Check host, port and credentials.');
    expect(isUnreachable('42P01') || isForbidden('42P01', '')).toBe(false);
  });
});

describe('a server whose certificate nobody trusts', () => {
  test.each(['require', 'verify-full', 'prefer'])(
    'is told with what to do, under sslmode=%s and without a warning of the driver',
    async (mode) => {
      const warn = vi.spyOn(process, 'emitWarning');
      const server = await startUntrustedServer();
      try {
        const error = await failureOf(open(`${server.url}?sslmode=${mode}`).query('select 1'));
        expect(error.code).toBe('SPANLEDGER_DATABASE_UNREACHABLE');
        expect(error.message).toContain('self-signed certificate');
        expect(error.action).toMatch(/sslrootcert=.* tells more\. Records stay in the journal meanwhile\.$/);
        expect(warn).not.toHaveBeenCalled();
      } finally {
        warn.mockRestore();
        await server.close();
      }
    },
  );
});

describe('a database that does not let us', () => {
  const database = useDatabase();
  const withAdmin = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  };
  const urlOf = (user: string, password: string) => {
    const url = new URL(database.url);
    url.username = user;
    url.password = password;
    return url.href;
  };

  test('says so to a user without rights, not that tables were missing', async () => {
    const name = `stranger_${process.pid}`;
    await withAdmin((client) => client.query(`create role ${name} login password 'word'`));
    const store = open(urlOf(name, 'word'));
    const error = await failureOf(store.query('select 1 from audit_log'));
    const shipped = await store.ship(shipment([auditRow()]));
    await withAdmin((client) => client.query(`drop role ${name}`));
    expect(error.code).toBe('SPANLEDGER_DATABASE_FORBIDDEN');
    expect(error.message).toContain('permission denied for schema spanledger');
    expect(error.action).toContain('spanledger_writer');
    expect(shipped).toMatchObject({ status: 'unavailable', code: 'DATABASE_FORBIDDEN', action: error.action });
  });

  test('says so where nothing can be written', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await withAdmin((client) => client.query(`alter database "${name}" set default_transaction_read_only = on`));
    const shipped = await open(database.url).ship(shipment([auditRow()]));
    await withAdmin((client) =>
      client.query(`begin read write; alter database "${name}" reset default_transaction_read_only; commit`),
    );
    expect(shipped).toMatchObject({ status: 'unavailable', code: 'DATABASE_FORBIDDEN' });
    expect(shipped).toHaveProperty('action', expect.stringContaining('standby'));
  });

  test('is not said to have no tables where it is lost before that is known', async () => {
    const proxy = await startTcpProxy(database.url);
    const store = open(proxy.url, { schema: 'elsewhere', statementTimeoutMillis: 500 });
    try {
      proxy.swallowFrom('begin');
      const error = await failureOf(store.query('select 1 from audit_log'));
      expect(error.code).toBe('SPANLEDGER_DATABASE_UNREACHABLE');
      expect(error.action).toContain('Nothing answers in time');
    } finally {
      await proxy.close();
    }
  });

  test('leaves no socket open when a password is missing', async () => {
    const proxy = await startTcpProxy(urlOf('postgres', ''));
    try {
      const error = await failureOf(open(proxy.url).query('select 1'));
      expect(error.action).toContain('SPANLEDGER_DATABASE_PASSWORD');
      await vi.waitFor(() => expect(proxy.connections()).toBe(0), 20_000);
    } finally {
      await proxy.close();
    }
  });
});
