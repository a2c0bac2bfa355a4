import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArrivals } from '../../../src/cli/reading/arrivals.ts';
import type { EventFilter } from '../../../src/cli/reading/ledger-reader.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import type { LedgerStore } from '../../../src/shipping/store.ts';
import { useDatabase } from '../../harness/database.ts';

const database = useDatabase();
let store: LedgerStore;
let writers: pg.Client[] = [];

beforeEach(() => {
  store = createPostgresStore({ connectionString: database.url, schema: 'spanledger' });
});

afterEach(async () => {
  await store.close();
  await Promise.all(writers.map((writer) => writer.end()));
  writers = [];
});

async function openWriter(): Promise<pg.Client> {
  const writer = new pg.Client({ connectionString: database.url });
  await writer.connect();
  writers.push(writer);
  return writer;
}

async function write(
  writer: pg.Client,
  message: string,
  createdAt = '2026-01-31T08:00:00Z',
  session = 's',
): Promise<void> {
  await writer.query(
    `insert into spanledger.audit_log (created_at, level, category, event, message, service_name, session_id, trace_id)
     values ($1, 'info', 'validation', 'audit', $2, 'importer', $3, '0af7651916cd43dd8448eb211c80319c')`,
    [createdAt, message, session],
  );
}

async function follow(filter: EventFilter = {}) {
  const arrivals = await openArrivals(store, 'spanledger', filter);
  return async () => (await arrivals.next()).map(({ message }) => message);
}

describe('what has arrived', () => {
  it('leaves out what was there before and tells each new record once', async () => {
    const writer = await openWriter();
    await write(writer, 'before');
    const next = await follow();
    expect(await next()).toEqual([]);
    await write(writer, 'one');
    expect(await next()).toEqual(['one']);
    expect(await next()).toEqual([]);
    await write(writer, 'two');
    await write(writer, 'three');
    expect(await next()).toEqual(['two', 'three']);
    expect(await next()).toEqual([]);
    expect(await next()).toEqual([]);
  });

  it('includes a record that happened long ago and was shipped late', async () => {
    const writer = await openWriter();
    const next = await follow();
    await write(writer, 'now', '2026-01-31T09:00:00Z');
    expect(await next()).toEqual(['now']);
    await write(writer, 'late', '2025-12-01T00:00:00Z');
    expect(await next()).toEqual(['late']);
  });

  it('includes records with lower ids that are committed after records with higher ones', async () => {
    const [slow, fast] = [await openWriter(), await openWriter()];
    const next = await follow();
    await slow.query('begin');
    await write(slow, 'slow');
    for (const message of ['fast 1', 'fast 2', 'fast 3']) {
      await write(fast, message);
      expect(await next()).toEqual([message]);
    }
    await slow.query('commit');
    expect(await next()).toEqual(['slow']);
    expect(await next()).toEqual([]);
    expect(await next()).toEqual([]);
  });

  it('includes what a transaction writes that was open when the following began', async () => {
    const [slow, fast] = [await openWriter(), await openWriter()];
    await slow.query('begin');
    await write(slow, 'slow');
    await write(fast, 'before');
    const next = await follow();
    await slow.query('commit');
    expect(await next()).toEqual(['slow']);
  });

  it('leaves out what does not match', async () => {
    const writer = await openWriter();
    const next = await follow({ sessionId: '12' });
    await write(writer, 'other', undefined, '120');
    await write(writer, 'own', undefined, '12');
    expect(await next()).toEqual(['own']);
  });
});
