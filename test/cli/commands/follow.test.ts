import { once } from 'node:events';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { rowsOf } from '../../../src/projection/rows.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { useDatabase } from '../../harness/database.ts';
import { type CliPlace, startCli } from '../cli-process.ts';
import { sampleOwner, sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();

/** `spanledger logs --follow --json`, line by line. */
function follow(argv: readonly string[], place: CliPlace) {
  const child = startCli(['logs', '--follow', '--json', ...argv], place);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next(): Promise<Record<string, unknown>> {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('The command has ended.');
      return JSON.parse(value);
    },
    async interrupt(): Promise<number | null> {
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
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
  const store = createPostgresStore({ connectionString: database.url });
  const rows = sampleRecords().flatMap((record) => rowsOf(record, sampleOwner));
  await store.ship({ owner: sampleOwner, segment: '00000001', from: 0, to: 1, rows, records: rows.length });
  await store.close();
  const followed = follow(['--session-id', '12', '--last', '2'], { environment: { DATABASE_URL: database.url } });
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
  const followed = follow(['--all', '--last', '1000'], place);
  const isEvent = ({ type }: { type: string }) => type === 'event';
  const told = [];
  for (const _ of records.slice(0, half).filter(isEvent)) told.push(await followed.next());
  writeJournal(directory, records.slice(half), 'instance-2');
  for (const _ of records.slice(half).filter(isEvent)) told.push(await followed.next());
  const messages = (list: readonly object[]) => list.map((row) => Reflect.get(row, 'message')).toSorted();
  expect(messages(told)).toEqual(messages(records.filter(isEvent)));
  expect(await followed.interrupt()).toBe(0);
});
