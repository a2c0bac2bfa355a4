import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createOptions } from '../../../src/cli/invocation.ts';
import { createDatabaseFeed } from '../../../src/cli/reading/database-feed.ts';
import { requestFeed } from '../../../src/cli/reading/request-feed.ts';
import { resolveWorkplace } from '../../../src/cli/workplace.ts';
import { useDatabase } from '../../harness/database.ts';
import { recordedTerminal } from '../recorded-terminal.ts';
import { startWire } from '../wire.ts';
import { temporaryDirectory } from '../written-ledger.ts';

const database = useDatabase();

async function ask(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

const insert = (path: string) =>
  ask(`insert into spanledger.api_logs (created_at, direction, method, endpoint, service_name, trace_id)
       values (now(), 'inbound', 'GET', '${path}', 'importer', '0af7651916cd43dd8448eb211c80319c')`);

/** The paths of requests, asked for over a wire that can be cut. */
async function openFeed() {
  const wire = await startWire(database.url);
  const recorded = recordedTerminal();
  const { signal } = new AbortController();
  const call = { command: 'requests', arguments: [], options: createOptions({ dir: temporaryDirectory() }) };
  const invocation = { ...call, terminal: recorded.terminal, signal };
  const workplace = { ...resolveWorkplace(invocation), databaseUrl: wire.url };
  const feed = requestFeed({}, { last: 2, withBodies: false }, async () => {});
  const source = createDatabaseFeed({ invocation, workplace, feed });
  onTestFinished(() => source.close());
  return { wire, next: async () => (await source.next()).map(({ endpoint }) => endpoint), notes: recorded.errors };
}

it('tells the first page, then what has arrived, and over an outage what arrived meanwhile', async () => {
  for (const path of ['/1', '/2', '/3']) await insert(path);
  const { wire, next, notes } = await openFeed();
  expect(await next()).toEqual(['/2', '/3']);
  await insert('/4');
  expect(await next()).toEqual(['/4']);
  wire.cut();
  await expect(next()).rejects.toMatchObject({ code: 'SPANLEDGER_DATABASE_UNREACHABLE' });
  for (const path of ['/5', '/6', '/7']) await insert(path);
  await expect(next()).rejects.toMatchObject({ code: 'SPANLEDGER_DATABASE_UNREACHABLE' });
  wire.join();
  expect(await next()).toEqual(['/5', '/6', '/7']);
  expect(await next()).toEqual([]);
  expect(notes()).toBe('');
});

it('opens the database as soon as it can be reached', async () => {
  await ask('delete from spanledger.api_logs');
  await insert('/first');
  const { wire, next } = await openFeed();
  wire.cut();
  await expect(next()).rejects.toMatchObject({ code: 'SPANLEDGER_DATABASE_UNREACHABLE' });
  wire.join();
  expect(await next()).toEqual(['/first']);
  await insert('/second');
  expect(await next()).toEqual(['/second']);
});

it('begins anew, and says so, where the database did during an outage', async () => {
  await ask('truncate spanledger.api_logs restart identity');
  await insert('/old');
  const { wire, next, notes } = await openFeed();
  expect(await next()).toEqual(['/old']);
  wire.cut();
  await expect(next()).rejects.toMatchObject({ code: 'SPANLEDGER_DATABASE_UNREACHABLE' });
  await ask('truncate spanledger.api_logs restart identity');
  await insert('/new');
  wire.join();
  expect(await next()).toEqual(['/new']);
  expect(notes()).toBe('note: the database is another one than before, or began anew; its newest rows follow.\n');
  await insert('/newer');
  expect(await next()).toEqual(['/newer']);
});
