import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { createShipper } from '../../src/shipping/shipper.ts';
import { createDatabase, dropDatabase } from '../harness/database.ts';
import { accounting } from './accounting.ts';
import { faultNames } from './fault-names.ts';
import { frontendMessages } from './frontend-messages.ts';
import { acknowledgementOf } from './record-keys.ts';
import { createSeededRandom } from './seeded-random.ts';

const at = Date.UTC(2025, 10, 22) * 1000;
const ids = (n: number) => ({
  at: at + n,
  traceId: `${n}`.padStart(32, 'a'),
  spanId: `${n}`.padStart(16, 'b'),
  sessionId: 's',
  itemId: `i${n}`,
});

/** One of each class for every number: a step that has ended, an event, a request. */
function recordsOf(n: number): readonly LedgerRecord[] {
  const step = { ...ids(n), unit: 'step', taskName: 'load', stepName: 'read' } as const;
  return [
    { type: 'start', ...step, version: 1 },
    { type: 'end', ...step, version: 2, startAt: at + n, status: 'SUCCESS' },
    {
      type: 'event',
      ...ids(n),
      level: 'info',
      category: 'validation',
      event: 'load.audit',
      message: `s i${n}`,
      seq: 1,
    },
    { type: 'request', ...ids(n), direction: 'inbound', method: 'GET', endpoint: `/s/i${n}`, durationMillis: 1 },
  ];
}

const toUuid = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

describe('the accounting', () => {
  const written = Array.from({ length: 50 }, (_, n) => recordsOf(n)).flat();
  const acknowledged = written.flatMap((record) => acknowledgementOf(record) ?? []);
  let url: string;
  let directory: string;
  let client: pg.Client;

  beforeAll(async () => {
    url = await createDatabase();
    directory = mkdtempSync(join(tmpdir(), 'spanledger-accounting-'));
    mkdirSync(directory, { recursive: true });
    const owner = { instanceId: 'one', service: 'test', host: 'host', pid: process.pid, startedAt: at };
    const journal = openJournal({ directory, owner });
    journal.append(...written.slice(0, 160));
    const store = createPostgresStore({ connectionString: url });
    await createShipper({ directory, store }).shipOnce();
    // The last ten of each kind wait in the journal.
    journal.append(...written.slice(160));
    await store.close();
    journal.close();
    client = new pg.Client({ connectionString: url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await dropDatabase(url);
    rmSync(directory, { recursive: true, force: true });
  });

  const account = (changes = {}) => accounting({ url, directories: [directory], acknowledged, written, ...changes });
  /** What the accounting finds while the ledger is broken by a statement; it is whole again afterwards. */
  const brokenBy = async (statement: string, repair: string) => {
    expect((await client.query(statement)).rowCount).toBe(1);
    const { faults } = await account();
    await client.query(repair);
    expect((await account()).faults).toEqual([]);
    return faults.join('\n');
  };
  const spare = (table: string) =>
    `create table spare as select * from spanledger.${table} where span_id = '${ids(7).spanId}'`;
  const giveBack = (table: string) => `insert into spanledger.${table} select * from spare; drop table spare`;

  it('finds every record of a whole ledger, stored or still in the journal', async () => {
    const balance = await account();
    expect(balance.faults).toEqual([]);
    expect(balance).toMatchObject({ acknowledged: 200, stored: 160, dropped: 0, doubled: 0 });
    expect(balance.classes.progress).toMatchObject({ produced: 100, stored: 80, journalled: 20, difference: 0 });
  });

  it.each(['audit_log', 'api_logs', 'task_progress'])('fails when one row of %s is deleted', async (table) => {
    await client.query(spare(table));
    const found = await brokenBy(`delete from spanledger.${table} where span_id = '${ids(7).spanId}'`, giveBack(table));
    expect(found).toMatch(/unaccounted for/);
    expect(found).toMatch(/that were acknowledged are nowhere, such as .*s.i7/);
    expect(found).toMatch(/that were written are nowhere/);
    expect(found).toMatch(/shipments tell of 160 records, the tables hold 15[89]/);
  });

  it.each(['audit_log', 'api_logs'])('fails when one row of %s is there twice', async (table) => {
    const { rows } = await client.query(
      `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
       where attrelid = 'spanledger.${table}'::regclass and attnum > 0 and attname <> 'id'`,
    );
    const [{ columns }] = rows;
    const found = await brokenBy(
      `insert into spanledger.${table} (${columns}) select ${columns} from spanledger.${table} where span_id = '${ids(7).spanId}'`,
      `delete from spanledger.${table} where id = (select max(id) from spanledger.${table})`,
    );
    expect(found).toMatch(/twice: .*\(2 times\)/);
    expect(found).toMatch(/-1 unaccounted for/);
  });

  it('fails when a record is in the database and still waits in the journal', async () => {
    const { rows } = await client.query('select end_offset from spanledger.shipments');
    const found = await brokenBy(
      'update spanledger.shipments set end_offset = 0',
      `update spanledger.shipments set end_offset = ${rows[0].end_offset}`,
    );
    expect(found).toMatch(/twice: /);
  });

  it('fails when what a session told is not read in its order', async () => {
    const take = (from: number, to: number, seq: number) =>
      `update spanledger.audit_log set span_id = '${ids(to).spanId}', trace_id = '${toUuid(ids(to).traceId)}', seq = ${seq}
       where item_id = 'i${from}'`;
    // The events of two units become two of one, numbered the other way round.
    const found = await brokenBy(take(8, 7, 0), take(8, 8, 1));
    expect(found).toMatch(/s i7: number 1 is told before 0/);
  });

  it('fails when an item is in another state than it moved to last', async () => {
    await client.query(
      `insert into spanledger.import_items (session_id, id, state, service_name, span_id, version)
       values ('s', 'i7', 'imported', 'test', '${ids(7).spanId}', 1)`,
    );
    const found = await brokenBy(
      `update spanledger.audit_log set event = 'import.item.transition', to_state = 'checking' where item_id = 'i7'`,
      `update spanledger.audit_log set event = 'load.audit', to_state = null where item_id = 'i7'`,
    );
    expect(found).toMatch(/s i7 is imported, last moved to checking/);
  });

  it('takes what was dropped for missing, and nothing beyond it', async () => {
    const absent = recordsOf(99).flatMap((record) => acknowledgementOf(record) ?? []);
    const lossy = { acknowledged: [...acknowledged, ...absent], written };
    expect((await account({ ...lossy, dropped: { request: 1, progress: 2, audit: 1 } })).faults).toEqual([]);
    const { faults } = await account({ ...lossy, dropped: { request: 1, progress: 2, audit: 0 } });
    expect(faults).toEqual([expect.stringContaining('1 audit records that were acknowledged are nowhere')]);
  });
});

describe('the proxy', () => {
  it('finds the messages of a connection however its bytes are cut', () => {
    const query = (text: string) => {
      const body = Buffer.from(`${text}\0`);
      const head = Buffer.alloc(5);
      head.write('Q');
      head.writeUInt32BE(body.length + 4, 1);
      return Buffer.concat([head, body]);
    };
    const start = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]);
    const bytes = Buffer.concat([start, query('begin'), query('commit')]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const next = frontendMessages();
      const found = [];
      for (let from = 0; from < bytes.length; from += size) found.push(...next(bytes.subarray(from, from + size)));
      expect(found.map(({ type, body }) => `${type} ${body.toString('latin1')}`)).toEqual([
        ` ${start.subarray(4).toString('latin1')}`,
        'Q begin\0',
        'Q commit\0',
      ]);
    }
  });
});

describe('docs/reliability.md', () => {
  it('tells of every fault there is a program for, and of no other', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reliability.md'), 'utf8');
    const [, told = ''] = page.split('## How it is tested');
    const [section = ''] = told.split('\n## ');
    const named = [...section.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
    expect(named).toEqual(faultNames);
    expect(faultNames.filter((name) => !existsSync(join(import.meta.dirname, `${name}.ts`)))).toEqual([]);
  });
});

describe('chance', () => {
  it('repeats itself with its seed and only with it', () => {
    const draw = (seed: number) => {
      const random = createSeededRandom(seed);
      return Array.from({ length: 5 }, () => random.between(0, 1000));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
});

describe('a fault', () => {
  it.each([
    ['kill-9', ['--runs', '2', '--upToMillis', '300']],
    ['lost-commit', ['--commits', '4']],
  ])('%s holds in its smallest form, run as a program', { timeout: 180_000 }, async (name, sizes) => {
    const loader = join(import.meta.dirname, '..', 'harness', 'typescript.js');
    const script = join(import.meta.dirname, `${name}.ts`);
    const child = spawn(process.execPath, ['--import', loader, script, '--seed', '1', ...sizes], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(JSON.parse(output)).toMatchObject({ fault: name, verdict: 'held', doubled: 0, faults: [] });
    expect(code).toBe(0);
  });
});
