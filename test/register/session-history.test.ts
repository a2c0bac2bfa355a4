import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { EventRecord } from '../../src/projection/record.ts';
import { createSessionHistory } from '../../src/register/session-history.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import type { LedgerStore } from '../../src/shipping/store.ts';
import { useDatabase } from '../harness/database.ts';

const database = useDatabase();
let client: pg.Client;
let store: LedgerStore;
let directory = '';

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(() => client.end());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-history-'));
  store = createPostgresStore({ connectionString: database.url });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const traceId = '0123456789abcdef0123456789abcdef';

function append(...records: readonly Partial<EventRecord>[]): void {
  const owner = { instanceId: randomUUID(), service: 'test', host: 'here', pid: 1, startedAt: 1 };
  const journal = openJournal({ directory, owner });
  const common = {
    type: 'event',
    level: 'info',
    category: 'state_transition',
    event: 'x',
    message: 'x',
    traceId,
  } as const;
  journal.append(...records.map((record) => ({ ...common, at: record.version ?? 1, ...record })));
  journal.close();
}

function sessionEvent(id: string, state: string, version: number): Partial<EventRecord> {
  const counts = { total: 3, pending: 0, processing: 0, imported: 2, skipped: 1, failed: 0, missing: 0 };
  return {
    event: 'import.session.transition',
    unit: 'session',
    sessionId: id,
    toState: state,
    attempt: 1,
    version,
    counts,
  };
}

function itemEvent(session: string, id: string, state: string, version: number): Partial<EventRecord> {
  return {
    event: 'import.item.transition',
    unit: 'item',
    sessionId: session,
    itemId: id,
    toState: state,
    attempt: 1,
    version,
  };
}

async function storeSession(id: string, state: string, version: number, attempt = 1): Promise<void> {
  await client.query(
    `insert into spanledger.import_sessions (id, state, attempt, version, service_name, total, pending, processing,
       imported, skipped, failed, missing) values ($1, $2, $3, $4, 'test', 5, 0, 0, 5, 0, 0, 0)`,
    [id, state, attempt, version],
  );
}

async function storeItem(session: string, id: string, state: string, version: number): Promise<void> {
  await client.query(
    `insert into spanledger.import_items (session_id, id, state, attempt, version, service_name)
     values ($1, $2, $3, 1, $4, 'test')`,
    [session, id, state, version],
  );
}

describe('the history of sessions', () => {
  const history = () => createSessionHistory({ directory, openStore: async () => store });

  it('knows nothing of a session that never was', async () => {
    expect(await history().lookup('never')).toBeUndefined();
  });

  it('knows from the database what other machines did', async () => {
    await storeSession('elsewhere', 'failed', 100, 2);
    await storeItem('elsewhere', 'a', 'imported', 90);
    const past = await history().lookup('elsewhere');
    expect(past).toMatchObject({ state: 'failed', attempt: 2, version: 100, counts: { total: 5, imported: 5 } });
    expect(await past?.items()).toEqual(new Map([['a', { state: 'imported', attempt: 1, version: 90 }]]));
  });

  it('takes the journal where it is ahead of the database', async () => {
    await storeSession('ahead', 'importing', 100);
    await storeItem('ahead', 'a', 'analyzing', 90);
    await storeItem('ahead', 'b', 'imported', 95);
    append(
      sessionEvent('ahead', 'failed', 200),
      itemEvent('ahead', 'a', 'failed', 190),
      itemEvent('ahead', 'c', 'missing', 195),
    );
    const past = await history().lookup('ahead');
    expect(past).toMatchObject({ state: 'failed', version: 200 });
    const items = await past?.items();
    expect([...(items ?? [])].map(([id, { state }]) => `${id} ${state}`).sort()).toEqual([
      'a failed',
      'b imported',
      'c missing',
    ]);
  });

  it('takes the database where it is ahead of the journal', async () => {
    await storeSession('behind', 'imported', 300, 4);
    await storeItem('behind', 'a', 'imported', 290);
    append(sessionEvent('behind', 'importing', 200), itemEvent('behind', 'a', 'analyzing', 190));
    const past = await history().lookup('behind');
    expect(past).toMatchObject({ state: 'imported', attempt: 4, version: 300 });
    expect((await past?.items())?.get('a')).toMatchObject({ state: 'imported' });
  });

  it('does not mix sessions whose ids resemble each other', async () => {
    append(
      sessionEvent('one', 'importing', 1),
      itemEvent('one', 'a', 'imported', 2),
      itemEvent('one"', 'b', 'imported', 2),
      itemEvent('one1', 'c', 'imported', 2),
    );
    expect([...((await (await history().lookup('one'))?.items()) ?? [])].map(([id]) => id)).toEqual(['a']);
  });
});

describe('the history of sessions without a database', () => {
  it('knows state, counts and items from the journal', async () => {
    append(sessionEvent('local', 'imported', 200), itemEvent('local', 'a', 'imported', 190));
    const past = await createSessionHistory({ directory }).lookup('local');
    expect(past).toMatchObject({ state: 'imported', version: 200, counts: { total: 3, imported: 2, skipped: 1 } });
    expect((await past?.items())?.size).toBe(1);
  });
});

describe('the history of sessions beside a journal that cannot be read', () => {
  it('tells what the others tell, so that nothing finished is begun anew', async () => {
    append(sessionEvent('whole', 'imported', 200), itemEvent('whole', 'a', 'imported', 190));
    // Reading it fails, as a sector that is gone does.
    mkdirSync(join(directory, 'journal', 'damaged', '00000001.log'), { recursive: true });
    const past = await createSessionHistory({ directory }).lookup('whole');
    expect(past).toMatchObject({ state: 'imported', counts: { total: 3 } });
    expect((await past?.items())?.size).toBe(1);
  });
});

describe('the history of sessions with a database that does not answer', () => {
  /** Takes connections and says nothing, as behind a firewall that drops packets. */
  const mute = createServer();
  let silent: LedgerStore;
  beforeAll(async () => {
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    const { port } = mute.address() as AddressInfo;
    silent = createPostgresStore({ connectionString: `postgres://me@127.0.0.1:${port}/db`, connectTimeoutMillis: 100 });
  });
  afterAll(async () => {
    await silent.close();
    mute.close();
  });

  it('tells what this machine knows, in bounded time, and leaves the database alone for a while', async () => {
    let asked = 0;
    const history = createSessionHistory({
      directory,
      timeoutMillis: 20,
      now: () => 0,
      openStore: async () => {
        asked += 1;
        return silent;
      },
    });
    append(sessionEvent('s', 'failed', 200));
    expect(await history.lookup('s')).toMatchObject({ state: 'failed' });
    expect(await history.lookup('s')).toMatchObject({ state: 'failed' });
    expect(asked).toBe(1);
  });

  it('goes on from the last version in the journal where the clock was set back since', async () => {
    const history = createSessionHistory({ directory, timeoutMillis: 20, now: () => 0, openStore: async () => silent });
    append(sessionEvent('set-back', 'importing', 5_000_000));
    const { toState: _, ...progress } = sessionEvent('set-back', 'importing', 7_000_000);
    append(progress);
    expect(await history.lookup('set-back')).toMatchObject({ state: 'importing', version: 7_000_000 });
  });

  it('asks again once it has rested', async () => {
    let asked = 0;
    const clock = { at: 0 };
    const history = createSessionHistory({
      directory,
      now: () => clock.at,
      openStore: async () => {
        asked += 1;
        throw new Error('connect ECONNREFUSED');
      },
    });
    for (const at of [0, 5000, 9999, 10_000]) {
      clock.at = at;
      expect(await history.lookup('s')).toBeUndefined();
    }
    expect(asked).toBe(2);
  });
});
