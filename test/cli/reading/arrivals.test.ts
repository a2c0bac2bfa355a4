import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArrivals } from '../../../src/cli/reading/arrivals.ts';
import { eventFeed } from '../../../src/cli/reading/event-feed.ts';
import { requestFeed } from '../../../src/cli/reading/request-feed.ts';
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

/** A table that is followed, and a row of it that has `name` in a column. */
interface FollowedTable {
  readonly table: 'audit_log' | 'api_logs';
  follow(session?: string): Promise<{ next(): Promise<unknown[]>; isSame(): Promise<boolean> }>;
  /** `name` is an SQL expression. */
  insert(name: string, at: string, session: string): string;
}

const nobody = async () => {};

const events: FollowedTable = {
  table: 'audit_log',
  async follow(sessionId) {
    const { query } = eventFeed({ sessionId }, 20, nobody);
    const arrivals = await openArrivals(store, 'spanledger', query);
    return {
      next: async () => (await arrivals.next()).map((row) => Reflect.get(row, 'message')),
      isSame: () => arrivals.isSame(),
    };
  },
  insert: (name, at, session) =>
    `insert into spanledger.audit_log (created_at, level, category, event, service_name, session_id, trace_id, message)
     values ('${at}', 'info', 'validation', 'audit', 'importer', '${session}', '0af7651916cd43dd8448eb211c80319c', ${name})`,
};

const requests: FollowedTable = {
  table: 'api_logs',
  async follow(sessionId) {
    const { query } = requestFeed({ sessionId }, { last: 20, withBodies: false }, nobody);
    const arrivals = await openArrivals(store, 'spanledger', query);
    return {
      next: async () => (await arrivals.next()).map((row) => Reflect.get(row, 'request_id')),
      isSame: () => arrivals.isSame(),
    };
  },
  insert: (name, at, session) =>
    `insert into spanledger.api_logs (created_at, direction, method, endpoint, service_name, session_id, trace_id, request_id)
     values ('${at}', 'inbound', 'GET', '/', 'importer', '${session}', '0af7651916cd43dd8448eb211c80319c', ${name})`,
};

describe.each([events, requests])('what has arrived in $table', ({ table, follow, insert }) => {
  const write = async (writer: pg.Client, name: string, at = '2026-01-31T08:00:00Z', session = 's') => {
    await writer.query(insert(`'${name}'`, at, session));
  };

  it('leaves out what was there before and tells each new row once', async () => {
    const writer = await openWriter();
    await write(writer, 'before');
    const { next } = await follow();
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

  it('includes what happened long ago and was shipped late', async () => {
    const writer = await openWriter();
    const { next } = await follow();
    await write(writer, 'now', '2026-01-31T09:00:00Z');
    expect(await next()).toEqual(['now']);
    await write(writer, 'late', '2025-12-01T00:00:00Z');
    expect(await next()).toEqual(['late']);
  });

  it('includes rows with lower ids that are committed after rows with higher ones', async () => {
    const [slow, fast] = [await openWriter(), await openWriter()];
    const { next } = await follow();
    await slow.query('begin');
    await write(slow, 'slow');
    for (const name of ['fast 1', 'fast 2', 'fast 3']) {
      await write(fast, name);
      expect(await next()).toEqual([name]);
    }
    await slow.query('commit');
    expect(await next()).toEqual(['slow']);
    expect(await next()).toEqual([]);
    expect(await next()).toEqual([]);
  });

  it('includes the row of a writer that had an id for it before it had one for its transaction', async () => {
    const [slow, fast, gate] = [await openWriter(), await openWriter(), await openWriter()];
    // The first id after a while is logged ahead with 32 more, and takes an id for the transaction; those after it do not.
    await write(fast, 'before');
    const { next } = await follow();
    await gate.query('begin');
    await gate.query('select pg_advisory_xact_lock(1)');
    await slow.query('begin');
    const writing = slow.query(
      insert(`case when pg_advisory_xact_lock(1) is not null then 'slow' end`, '2026-01-31', 's'),
    );
    await untilBlocked(gate);
    await write(fast, 'fast 1');
    expect(await next()).toEqual(['fast 1']);
    await gate.query('rollback');
    await writing;
    for (const name of ['fast 2', 'fast 3', 'fast 4']) {
      await write(fast, name);
      expect(await next()).toEqual([name]);
    }
    await slow.query('commit');
    expect(await next()).toEqual(['slow']);
    expect(await next()).toEqual([]);
  });

  it('includes what a transaction writes that was open when the following began', async () => {
    const [slow, fast] = [await openWriter(), await openWriter()];
    await slow.query('begin');
    await write(slow, 'slow');
    await write(fast, 'before');
    const { next } = await follow();
    await slow.query('commit');
    expect(await next()).toEqual(['slow']);
  });

  it('leaves out what does not match', async () => {
    const writer = await openWriter();
    const { next } = await follow('12');
    await write(writer, 'other', undefined, '120');
    await write(writer, 'own', undefined, '12');
    expect(await next()).toEqual(['own']);
  });

  it('goes on into a month that gets its partition late, and tells the rows that move there once', async () => {
    const writer = await openWriter();
    const { next } = await follow();
    const month = table === 'audit_log' ? '2031-03' : '2031-04';
    await write(writer, 'early', `${month}-01T00:00:01Z`);
    expect(await next()).toEqual(['early']);
    await writer.query(`select spanledger.ensure_partition('${table}', '${month}-01')`);
    expect(await next()).toEqual([]);
    await write(writer, 'in the partition', `${month}-01T00:00:02Z`);
    expect(await next()).toEqual(['in the partition']);
    expect(await next()).toEqual([]);
  });

  it('knows whether the table is still the one it was', async () => {
    const writer = await openWriter();
    const { next, isSame } = await follow();
    await write(writer, 'one');
    await next();
    expect(await isSame()).toBe(true);
    await writer.query(`delete from spanledger.${table}`);
    expect(await isSame()).toBe(false);
  });
});

/** Until a session of this database waits for the advisory lock. */
async function untilBlocked(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      `select 1 from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    );
    if (rows.length > 0) return;
  }
}
