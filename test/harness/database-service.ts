import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import pg from 'pg';
import { type EmbeddedTemplate, makeEmbeddedTemplate } from './embedded-template.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/**
 * Hands databases to test files over HTTP, one server for a whole run. The server starts with the first request, so runs
 * that need no database do not pay for it. `POST /migrated` and `POST /empty` answer with a URL, `DELETE /name` drops it;
 * `POST /embedded` answers with the folder of a migrated embedded store, for copies.
 */
export interface DatabaseService {
  readonly url: string;
  close(): Promise<void>;
}

interface Cluster {
  readonly adminUrl: string;
  readonly template: string;
  stop(): Promise<void>;
}

export async function startDatabaseService(): Promise<DatabaseService> {
  let cluster: Promise<Cluster> | undefined;
  const started = () => {
    cluster ??= startCluster();
    return cluster;
  };
  let template: Promise<EmbeddedTemplate> | undefined;
  const embedded = async () => {
    template ??= makeEmbeddedTemplate();
    return (await template).directory;
  };
  const server = createServer((request, response) => {
    (request.url === '/embedded' ? embedded() : answer(started, request)).then(
      (text) => response.end(text),
      (error: unknown) => fail(response, error),
    );
  });
  // No connection is ended under a request that is on its way.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: addressOf(server), close: () => close(server, cluster, template) };
}

async function answer(started: () => Promise<Cluster>, request: IncomingMessage): Promise<string> {
  const name = (request.url ?? '').slice(1);
  const { adminUrl, template } = await started();
  if (request.method === 'DELETE') {
    await administer(adminUrl, `drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    return '';
  }
  const database = uniqueName('test');
  const from = name === 'empty' ? 'template0' : template;
  await administer(adminUrl, `create database ${database} template ${from}`);
  return withDatabase(adminUrl, database);
}

/** `TEST_DATABASE_URL` names a server to use instead of one of our own; its user must be allowed to create databases. */
async function startCluster(): Promise<Cluster> {
  const given = process.env.TEST_DATABASE_URL;
  const own: PostgresServer | undefined = given === undefined ? await startPostgres() : undefined;
  const adminUrl = given ?? own?.url ?? '';
  const template = uniqueName('template');
  await administer(adminUrl, `create database ${template} template template0`);
  const { migrate } = await import('../../src/shipping/postgres-migration.ts');
  await migrate({ connectionString: withDatabase(adminUrl, template), schema: 'spanledger' });
  return {
    adminUrl,
    template,
    stop: () => own?.stop() ?? administer(adminUrl, `drop database if exists ${template} with (force)`),
  };
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

function uniqueName(kind: string): string {
  return `spanledger_${kind}_${randomBytes(6).toString('hex')}`;
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The database service has no port.');
  return `http://127.0.0.1:${address.port}`;
}

function fail(response: ServerResponse, error: unknown): void {
  response.statusCode = 500;
  response.end(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

async function close(
  server: Server,
  cluster: Promise<Cluster> | undefined,
  template: Promise<EmbeddedTemplate> | undefined,
): Promise<void> {
  server.closeAllConnections();
  server.close();
  (await template?.catch(() => undefined))?.remove();
  const running = await cluster?.catch(() => undefined);
  await running?.stop();
}
