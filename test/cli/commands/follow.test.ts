import { once } from 'node:events';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openJournal } from '../../../src/journal/open-journal.ts';
import type { LedgerRecord, RequestRecord } from '../../../src/projection/record.ts';
import { rowsOf } from '../../../src/projection/rows.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { placeEmbeddedStore, useDatabase } from '../../harness/database.ts';
import { type CliPlace, startCli } from '../cli-process.ts';
import { startWire } from '../wire.ts';
import { sampleOwner, sampleRecords, startAt, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();

/** `spanledger logs --follow` or `requests --follow`, line by line. */
function follow(argv: readonly string[], place: CliPlace) {
  const child = startCli(argv, place);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const notes = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const exit = once(child, 'exit');
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The command has ended.');
    return value;
  };
  return {
    nextLine,
    next: async (): Promise<Record<string, unknown>> => JSON.parse(await nextLine()),
    /** Until a remark begins like this. */
    async noted(begin: string): Promise<void> {
      for (let note = await notes.next(); note.value?.startsWith(begin) !== true; note = await notes.next()) {
        if (note.done === true) throw new Error(`The command has ended without noting "${begin}".`);
      }
    },
    /** The reader of the answer goes away. */
    leave: () => child.stdout.destroy(),
    exit,
    async interrupt(): Promise<number | null> {
      child.kill('SIGINT');
      const [code] = await exit;
      return code;
    },
  };
}

async function insert(event: string, session: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `insert into spanledger.audit_log (created_at, level, category, event, message, service_name, session_id, trace_id)
     values ('2020-01-01', 'info', 'validation', $1, $1, 'importer', $2, '0af7651916cd43dd8448eb211c80319c')`,
    [event, session],
  );
  await client.end();
}

it('--follow shows the newest records of Postgres, then what arrives, however old, and ends with Ctrl+C', async () => {
  await ship(sampleRecords());
  const place = { environment: { DATABASE_URL: database.url } };
  const followed = follow(['logs', '--follow', '--json', '--session-id', '12', '--last', '2'], place);
  expect(await followed.next()).toMatchObject({ event: 'import.session.progress' });
  expect(await followed.next()).toMatchObject({ event: 'import.session.complete' });
  await insert('import.session.start', '120');
  await insert('import.session.start', '12');
  expect(await followed.next()).toMatchObject({
    event: 'import.session.start',
    session_id: '12',
    time: expect.stringMatching(/^20(19|20)/),
  });
  expect(await followed.interrupt()).toBe(0);
});

it('--follow watches the journals where there is no database, and nothing is told twice', async () => {
  const directory = temporaryDirectory();
  const records = sampleRecords();
  const half = records.length / 2;
  writeJournal(directory, records.slice(0, half));
  const place = { environment: { SPANLEDGER_DIR: directory } };
  const followed = follow(['logs', '--follow', '--json', '--all', '--last', '1000'], place);
  const isEvent = ({ type }: { type: string }) => type === 'event';
  const told = [];
  for (const _ of records.slice(0, half).filter(isEvent)) told.push(await followed.next());
  writeJournal(directory, records.slice(half), 'instance-2');
  for (const _ of records.slice(half).filter(isEvent)) told.push(await followed.next());
  const messages = (list: readonly object[]) => list.map((row) => Reflect.get(row, 'message')).toSorted();
  expect(messages(told)).toEqual(messages(records.filter(isEvent)));
  expect(await followed.interrupt()).toBe(0);
});

function request(path: string, fields: Partial<RequestRecord> = {}): RequestRecord {
  requests += 1;
  const at = (startAt + requests) * 1000 + 123;
  const base = { type: 'request', at, traceId: '0bf7651916cd43dd8448eb211c80319c', direction: 'inbound' } as const;
  const spanId = String(requests).padStart(16, '0');
  return { ...base, spanId, method: 'GET', endpoint: path, responseStatus: 500, durationMillis: 12, ...fields };
}
let requests = 0;

let shipments = 0;

/** Stores records as a shipper does. */
async function ship(records: readonly LedgerRecord[]): Promise<void> {
  const store = createPostgresStore({ connectionString: database.url });
  shipments += 1;
  const rows = records.flatMap((record) => rowsOf(record, sampleOwner));
  const segment = String(shipments).padStart(8, '0');
  const result = await store.ship({ owner: sampleOwner, segment, from: 0, to: 1, rows, records: rows.length });
  await store.close();
  expect(result).toEqual({ status: 'stored', offset: 1 });
}

it('requests --follow goes on over an outage of Postgres, by the journals meanwhile, and tells each request once', async () => {
  const directory = temporaryDirectory();
  const journal = openJournal({ directory, owner: sampleOwner });
  onTestFinished(() => journal.close());
  const wire = await startWire(database.url);
  await ship([request('/first'), request('/well', { responseStatus: 200 })]);
  const place = { environment: { DATABASE_URL: wire.url, SPANLEDGER_DIR: directory } };
  const followed = follow(['requests', '--follow', '--json', '--failed', '--service', 'importer'], place);
  expect(await followed.next()).toMatchObject({ endpoint: '/first', response_status: 500, request_header: null });
  await ship([request('/second')]);
  expect(await followed.next()).toMatchObject({ endpoint: '/second' });

  wire.cut();
  await followed.noted('note: following the journals in ');
  const meanwhile = request('/meanwhile');
  journal.append(request('/well', { responseStatus: 200 }), meanwhile);
  expect(await followed.next()).toMatchObject({ endpoint: '/meanwhile', id: null });
  await ship([request('/elsewhere'), meanwhile]);

  wire.join();
  await followed.noted('note: the database answers again.');
  expect(await followed.next()).toMatchObject({ endpoint: '/elsewhere', id: expect.any(Number) });
  await ship([request('/last')]);
  expect(await followed.next()).toMatchObject({ endpoint: '/last' });
  expect(await followed.interrupt()).toBe(0);
});

it('requests --follow begins with the journals while Postgres is down, and tells nothing twice when it answers', async () => {
  const directory = temporaryDirectory();
  const wire = await startWire(database.url);
  wire.cut();
  const [kept, later] = [request('/kept', { service: 'late' }), request('/later', { service: 'late' })];
  writeJournal(directory, [kept]);
  const place = { environment: { DATABASE_URL: wire.url, SPANLEDGER_DIR: directory } };
  const followed = follow(['requests', '--follow', '--json', '--service', 'late'], place);
  expect(await followed.next()).toMatchObject({ endpoint: '/kept', id: null });
  await ship([kept, later]);
  wire.join();
  expect(await followed.next()).toMatchObject({ endpoint: '/later', id: expect.any(Number) });
  expect(await followed.interrupt()).toBe(0);
});

it('requests --follow watches the journals beside an embedded store, under one line of titles', async () => {
  const directory = temporaryDirectory();
  await placeEmbeddedStore(directory);
  writeJournal(directory, [request('/first')]);
  const followed = follow(['requests', '--follow'], { environment: { SPANLEDGER_DIR: directory } });
  expect(await followed.nextLine()).toMatch(/^TIME +SERVICE +WAY +METHOD +PATH +STATUS +TOOK +USER +TRACE +REASON$/);
  expect(await followed.nextLine()).toMatch(/ importer +in +GET +\/first +500 +12 ms +- +0bf\w+$/);
  writeJournal(directory, [request('/second', { responseStatus: 200 })], 'instance-2');
  expect(await followed.nextLine()).toMatch(/ importer +in +GET +\/second +200 +12 ms +- +0bf\w+$/);
  expect(await followed.interrupt()).toBe(0);
});

it('requests --follow ends in good order when nobody reads it any more', async () => {
  const directory = temporaryDirectory();
  const journal = openJournal({ directory, owner: sampleOwner });
  onTestFinished(() => journal.close());
  journal.append(request('/first'));
  const followed = follow(['requests', '--follow', '--json'], { environment: { SPANLEDGER_DIR: directory } });
  expect(await followed.next()).toMatchObject({ endpoint: '/first' });
  followed.leave();
  let isOver = false;
  const ended = followed.exit.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    journal.append(request('/more'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await ended).toEqual([0, null]);
});
