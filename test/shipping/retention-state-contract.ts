import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { importCsv } from '../../src/journal/csv-import.ts';
import { type Row, tables } from '../../src/projection/tables.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { recount } from '../../src/shipping/lost-states.ts';
import { applyRetention, type RetentionOptions } from '../../src/shipping/retention.ts';
import { importRows } from '../../src/shipping/row-import.ts';
import { auditRow, itemRow, progressRow, sampleOwner, sessionRow, shipment, traceId } from './sample-rows.ts';

const day = 86_400_000_000;
const everyTable = [
  ...Object.keys(tables),
  'shipments',
  'instances',
  'lost_instances',
  'lost_units',
  'trimmed_sessions',
];

/** What retention must hold, in every database, of what is not a record but what became of something. */
export function describeStateRetention(open: () => SqlLedgerStore): void {
  let store: SqlLedgerStore;
  let into: string;
  let segment = 0;
  const now = Date.now() * 1000;
  const daysAgo = (days: number) => now - days * day;

  beforeAll(() => {
    store = open();
    into = mkdtempSync(join(tmpdir(), 'spanledger-archive-'));
  });
  afterAll(async () => {
    rmSync(into, { recursive: true, force: true });
    await store.close();
  });
  beforeEach(async () => {
    await script(everyTable.map((name) => `delete from spanledger.${name};`).join(' '));
  });

  const script = (sql: string) => store.database.transaction((connection) => connection.script(sql));
  const column = async (sql: string) => (await store.query<{ value: unknown }>(sql)).map(({ value }) => value);
  /** Of a process that is of no interest, and young. */
  const ship = async (...rows: readonly Row[]) => {
    segment += 1;
    const owner = { ...sampleOwner('shipper'), startedAt: now };
    const made = shipment(rows, { owner, segment: String(segment).padStart(8, '0') });
    expect(await store.ship(made)).toMatchObject({ status: 'stored' });
  };
  /** What went by table; a dry run has told the same before. */
  const retain = async (options: Partial<RetentionOptions> = {}) => {
    const told = await applyRetention(store, { days: 30, ...options, dryRun: true });
    const report = await applyRetention(store, { days: 30, ...options });
    expect(report.tables).toEqual(told.tables);
    return Object.fromEntries(report.tables.filter(({ rows }) => rows > 0).map(({ table, rows }) => [table, rows]));
  };
  const ended = (id: string, state: string, days: number) =>
    sessionRow({ id, state, started_at: daysAgo(days), last_progress_at: daysAgo(days), ended_at: daysAgo(days) });
  const item = (session: string, id: string, days: number, more: Row['values'] = {}) =>
    itemRow({
      session_id: session,
      id,
      state: 'imported',
      started_at: daysAgo(days),
      last_progress_at: daysAgo(days),
      ended_at: daysAgo(days),
      ...more,
    });
  const process = (instanceId: string, seen: number, end?: number) =>
    store.heartbeat({
      owner: { ...sampleOwner(instanceId), startedAt: daysAgo(seen + 1) },
      seenAt: daysAgo(seen),
      ...(end !== undefined && { endedAt: daysAgo(end) }),
    });
  const processes = () =>
    column("select instance_id as value from instances where instance_id <> 'shipper' order by 1");
  const itemsLeft = () => column(`select session_id || '/' || id as value from import_items order by 1`);

  test('removes the items of sessions that are over, and keeps those that a run may ask for (trap 4.4)', async () => {
    const states = ['imported', 'canceled', 'expired', 'error', 'failed', 'importing'];
    await ship(
      ...states.map((state) => (state === 'importing' ? sessionRow({ id: state, state }) : ended(state, state, 40))),
      ended('young', 'imported', 20),
      ended('kept', 'imported', 40),
      ...[...states, 'young', 'kept'].flatMap((id) => [item(id, 'a', 40), item(id, 'b', 40)]),
    );
    expect(await retain({ keepSessions: ['kept'] })).toEqual({ import_items: 8 });
    const left = ['failed', 'importing', 'kept', 'young'];
    expect(await itemsLeft()).toEqual(left.flatMap((id) => [`${id}/a`, `${id}/b`]));
    expect(await column('select id as value from import_sessions order by 1')).toEqual(
      [...states, 'kept', 'young'].sort(),
    );
    expect(await store.query('select session_id, items from trimmed_sessions order by 1')).toEqual(
      ['canceled', 'error', 'expired', 'imported'].map((id) => ({ session_id: id, items: 2 })),
    );
    expect(await retain({ keepSessions: ['kept'] })).toEqual({});
  });

  test('keeps an item that something happened to since, and all of a session in which something runs', async () => {
    await ship(
      ended('done', 'imported', 40),
      item('done', 'late', 40, { last_progress_at: daysAgo(5) }),
      item('done', 'old', 40),
      ended('busy', 'imported', 40),
      item('busy', 'old', 40),
      progressRow({
        trace_id: '1'.padStart(32, '0'),
        session_id: 'busy',
        created_at: daysAgo(40),
        updated_at: daysAgo(40),
        instance_id: null,
      }),
    );
    expect(await retain()).toEqual({ import_items: 1 });
    expect(await itemsLeft()).toEqual(['busy/old', 'done/late']);
  });

  test('removes items that ended long ago in sessions that nobody knows', async () => {
    await ship(
      item('unknown', 'old', 40),
      item('unknown', 'open', 40, { ended_at: null }),
      item('unknown', 'young', 3),
    );
    expect(await retain()).toEqual({ import_items: 1 });
    expect(await itemsLeft()).toEqual(['unknown/open', 'unknown/young']);
    expect(await column('select session_id as value from trimmed_sessions')).toEqual([]);
  });

  test('goes through sessions of any size in batches, and on where it was broken off', async () => {
    await ship(
      ...['large', 'one', 'two'].map((id) => ended(id, 'imported', 40)),
      ...Array.from({ length: 23 }, (_, n) => item('large', `${n}`, 40)),
      item('one', 'a', 40),
      item('two', 'a', 40),
    );
    const brokenOff = applyRetention(store, {
      days: 30,
      batchRows: 5,
      onProgress(_, rows) {
        if (rows === 10) throw new Error('The process went away.');
      },
    });
    await expect(brokenOff).rejects.toThrow('went away');
    expect(await itemsLeft()).toHaveLength(15);
    const batches: number[] = [];
    const onProgress = (table: string, rows: number) => table === 'import_items' && batches.push(rows);
    await applyRetention(store, { days: 30, batchRows: 5, onProgress });
    expect(batches).toEqual([5, 10, 13, 15]);
    expect(await store.query('select session_id, items from trimmed_sessions order by 1')).toEqual([
      { session_id: 'large', items: 23 },
      { session_id: 'one', items: 1 },
      { session_id: 'two', items: 1 },
    ]);
  });

  test('is shared by two who do it at once', async () => {
    await ship(
      ...['one', 'two'].map((id) => ended(id, 'imported', 40)),
      ...Array.from({ length: 12 }, (_, n) => item('one', `${n}`, 40)),
    );
    for (const name of ['a', 'b', 'c']) await process(name, 95, 95);
    await segments('d', ['00000001', '00000002', '00000003'], 40);
    const reports = await Promise.all([1, 2].map(() => applyRetention(store, { days: 30, batchRows: 2 })));
    const rows = (name: string) =>
      reports.flatMap((report) => report.tables).reduce((sum, one) => sum + (one.table === name ? one.rows : 0), 0);
    expect([rows('import_items'), rows('instances'), rows('shipments')]).toEqual([12, 3, 2]);
    expect(await column('select items as value from trimmed_sessions')).toEqual([12]);
    expect(await column(`select records as value from shipments where instance_id = 'd'`)).toEqual([3]);
  });

  test('leaves the counts of a session as they were when its items are gone and its process is looked at again', async () => {
    const counts = { total: 2, pending: 0, processing: 0, imported: 2, skipped: 0, failed: 0, missing: 0 };
    const { values } = ended('done', 'imported', 40);
    await ship(sessionRow({ ...values, ...counts, instance_id: 'gone' }), item('done', 'a', 40), item('done', 'b', 2));
    await script(`insert into spanledger.lost_units (trace_id, span_id, instance_id, unit, session_id, closed_at, status, version)
      values ('${traceId}', 'b7ad6b7169203331', 'gone', 'session', 'done', now(), 'START', 1)`);
    expect(await retain()).toEqual({ import_items: 1 });
    await store.database.transaction((connection) => recount(connection, 'spanledger', 'gone'));
    expect(await store.query('select total, pending, imported from import_sessions')).toEqual([
      { total: 2, pending: 0, imported: 2 },
    ]);
  });

  test('removes sessions only where that is asked for, and never before their records', async () => {
    const young = auditRow({ session_id: 'told', created_at: daysAgo(3) });
    await ship(
      ...['failed', 'imported'].map((state) => ended(state, state, 100)),
      ended('told', 'imported', 100),
      ended('kept', 'failed', 100),
      ended('recent', 'failed', 60),
      ...['failed', 'imported', 'told', 'kept', 'recent'].map((id) => item(id, 'a', 100)),
      auditRow({ session_id: 'failed', created_at: daysAgo(100) }),
      young,
    );
    expect(await retain()).toEqual({ audit_log: 1, import_items: 2 });
    const options = { sessionDays: 90, keepSessions: ['kept'] };
    expect(await retain(options)).toEqual({ import_items: 1, import_sessions: 2 });
    expect(await column('select id as value from import_sessions order by 1')).toEqual(['kept', 'recent', 'told']);
    expect(await itemsLeft()).toEqual(['kept/a', 'recent/a']);
    expect(await column('select session_id as value from trimmed_sessions')).toEqual(['told']);
    await script('delete from spanledger.audit_log');
    expect(await retain({ sessionDays: 1 })).toEqual({ import_items: 2, import_sessions: 3 });
  });

  test('removes processes that ended, or were not heard of, when nothing that stays refers to them', async () => {
    for (const name of ['ended', 'silent', 'of-unit', 'of-session', 'of-item', 'of-kept', 'lost', 'long-lost'])
      await process(name, 95, name === 'silent' ? undefined : 95);
    await process('young', 95, 5);
    await process('alive', 0);
    const old = { created_at: daysAgo(96), updated_at: daysAgo(96) };
    const trace = (n: number) => n.toString(16).padStart(32, '0');
    await ship(
      progressRow({ ...old, trace_id: trace(1), instance_id: 'of-unit' }),
      progressRow({ ...old, trace_id: trace(2), instance_id: 'ended', ended_at: daysAgo(96) }),
      progressRow({ ...old, trace_id: trace(3), instance_id: 'of-kept', session_id: 'kept', ended_at: daysAgo(96) }),
      sessionRow({ ...ended('failed', 'failed', 96).values, instance_id: 'of-session' }),
      ended('kept', 'imported', 96),
      item('failed', 'a', 96, { instance_id: 'of-item' }),
    );
    await script(`insert into spanledger.lost_instances (instance_id, suspected_at, seen_at, closed_at)
      values ('lost', now(), now(), now() - interval '60 days'), ('long-lost', now(), now(), now() - interval '91 days');
      insert into spanledger.lost_units (trace_id, span_id, instance_id, unit, closed_at, status, version)
      values ('${trace(4)}', '1', 'long-lost', 'step', now() - interval '91 days', 'START', 1)`);
    expect(await retain({ keepSessions: ['kept'] })).toEqual({
      task_progress: 1,
      lost_units: 1,
      lost_instances: 1,
      instances: 3,
    });
    const left = ['alive', 'lost', 'of-item', 'of-kept', 'of-session', 'of-unit', 'young'];
    expect(await processes()).toEqual(left);
    expect(await retain({ sessionDays: 90 })).toMatchObject({ import_sessions: 2, import_items: 1, instances: 3 });
    expect(await processes()).toEqual(['alive', 'lost', 'of-unit', 'young']);
  });

  test('leaves a process of which an open unit came while it was removed', async () => {
    await process('gone', 95, 95);
    let isDue = true;
    const late = Object.assign(Object.create(store) as SqlLedgerStore, {
      database: {
        async transaction(work, mode) {
          return store.database.transaction(async (connection) => {
            const query: typeof connection.query = async (sql, parameters) => {
              const rows = await connection.query(sql, parameters);
              // Between the lock and the removal, as another connection would commit it.
              if (isDue && sql.includes('for update of r')) {
                isDue = false;
                await connection.script(`insert into spanledger.task_progress (trace_id, span_id, service_name, unit, task_name,
                  step_name, status, created_at, updated_at, version, instance_id) values ('${traceId}', '1', 's', 'step', 't', 't',
                  'START', now() - interval '96 days', now(), 1, 'gone')`);
              }
              return rows as never;
            };
            return work({ ...connection, script: (sql) => connection.script(sql), query });
          }, mode);
        },
      } satisfies SqlLedgerStore['database'],
    });
    await applyRetention(late, { days: 30 });
    expect(isDue).toBe(false);
    expect(await processes()).toEqual(['gone']);
  });

  test('archives items, sessions and processes, and what was archived can be loaded again', async () => {
    await process('gone', 95, 95);
    await script(`update spanledger.instances set exit_code = 3, exit_evidence = '{"by": "parent"}', cpu_ratio = 0.25,
      blocked_since = now() - interval '95 days', blocked_stack = '[{"line": 1}]' where instance_id = 'gone'`);
    await ship(ended('done', 'failed', 95), item('done', 'a, "b"', 95), item('done', 'c', 95, { reason: '' }));
    const content = () =>
      Promise.all(
        ['import_items', 'import_sessions', 'instances'].map((name) =>
          column(`select to_jsonb(t)::text as value from ${name} t order by 1`),
        ),
      );
    const before = await content();
    const options = { days: 30, sessionDays: 90, batchRows: 1, archive: into };
    const { archive } = await applyRetention(store, options);
    expect(await Promise.all([itemsLeft(), processes(), column('select id as value from import_sessions')])).toEqual([
      [],
      [],
      [],
    ]);
    const files = archive?.files ?? [];
    expect(files.map(({ path, rows }) => [basename(path), rows])).toEqual([
      ['import_items.csv.gz', 2],
      ['import_sessions.csv.gz', 1],
      ['instances.csv.gz', 1],
    ]);
    for (const { path, rows } of files)
      expect(await importRows(store, importCsv({ path }))).toEqual({ read: rows, stored: rows, refused: [] });
    expect(await content()).toEqual(before);
    for (const { path } of files) expect((await importRows(store, importCsv({ path }))).stored).toBe(0);
  });

  /** Offsets of one process: its segments in the order of the names, `shipped` that many days ago. */
  const segments = async (instanceId: string, names: readonly string[], shipped: number) => {
    for (const name of names) {
      const made = shipment([auditRow({ seq: Number(name.replace(/\D/g, '')) })], {
        owner: { ...sampleOwner(instanceId), startedAt: now },
        segment: name,
        to: 100,
      });
      expect(await store.ship(made)).toMatchObject({ status: 'stored' });
    }
    await script(`update spanledger.shipments set updated_at = now() - interval '${shipped} days'
      where instance_id = '${instanceId}' and segment in (${names.map((name) => `'${name}'`).join(', ')})`);
  };
  const offsets = () =>
    store.query(
      'select instance_id, first_segment, segment, end_offset, records from shipments order by instance_id, segment',
    );
  const whole = Number.MAX_SAFE_INTEGER;

  test('folds the offsets of segments that follow each other, lane by lane, and still knows each of them', async () => {
    await segments('a', ['00000001', '00000002', '00000003', '00000005', 'watch-00000001', 'watch-00000002'], 40);
    await segments('a', ['00000006'], 3);
    await segments('b', ['00000007', '00000007/123'], 40);
    expect(await retain({ batchRows: 2 })).toMatchObject({ shipments: 3 });
    expect(await retain()).toEqual({});
    const row = (instance_id: string, first: string | null, segment: string, records: number) => ({
      instance_id,
      first_segment: first,
      segment,
      end_offset: 100,
      records,
    });
    expect(await offsets()).toEqual([
      row('a', '00000001', '00000003', 3),
      row('a', null, '00000005', 1),
      row('a', null, '00000006', 1),
      row('a', 'watch-00000001', 'watch-00000002', 2),
      row('b', null, '00000007', 1),
      row('b', null, '00000007/123', 1),
    ]);
    const known = ['00000001', '00000002', '00000003', '00000004', '00000005', 'watch-00000001', 'watch-00000003'];
    expect(await Promise.all(known.map((name) => store.offset('a', name)))).toEqual([
      whole,
      whole,
      100,
      0,
      100,
      whole,
      0,
    ]);
    expect(await store.offset('c', '00000001')).toBe(0);
  });

  test('folds more to a row that stands for others already, in any number of steps', async () => {
    await segments('a', ['00000001', '00000002'], 40);
    await segments('a', ['00000003', '00000004'], 20);
    await script('delete from spanledger.audit_log');
    const folded = async (days: number) => {
      // Of what the ledger keeps for itself there is nothing to archive.
      expect((await applyRetention(store, { days, archive: join(into, 'none') })).archive).toBeUndefined();
      return (await offsets()).map(({ first_segment: first, segment: last, records }) => [first, last, records]);
    };
    expect(await folded(30)).toEqual([
      ['00000001', '00000002', 2],
      [null, '00000003', 1],
      [null, '00000004', 1],
    ]);
    expect(await folded(10)).toEqual([['00000001', '00000004', 4]]);
    expect(await folded(10)).toEqual([['00000001', '00000004', 4]]);
  });

  test('stores nothing of a segment whose offset was folded, and goes on in the last one', async () => {
    await segments('a', ['00000001', '00000002'], 40);
    await applyRetention(store, { days: 30 });
    const rows = [auditRow({ seq: 99, created_at: now })];
    const send = (segment: string, from: number, to: number) =>
      store.ship(shipment(rows, { owner: sampleOwner('a'), segment, from, to }));
    expect(await send('00000001', 0, 100)).toEqual({ status: 'elsewhere', offset: whole });
    expect(await send('00000001', 40, 100)).toEqual({ status: 'elsewhere', offset: whole });
    expect(await send('00000002', 0, 100)).toEqual({ status: 'elsewhere', offset: 100 });
    expect(await column('select count(*) as value from audit_log where seq = 99')).toEqual([0]);
    expect(await send('00000002', 100, 150)).toEqual({ status: 'stored', offset: 150 });
    expect(await send('00000003', 0, 100)).toEqual({ status: 'stored', offset: 100 });
    expect(await column('select count(*) as value from audit_log where seq = 99')).toEqual([2]);
    expect(await offsets()).toMatchObject([
      { first_segment: '00000001', segment: '00000002', end_offset: 150, records: 3 },
      { first_segment: null, segment: '00000003' },
    ]);
  });
}
