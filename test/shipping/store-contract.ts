import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Cell, type TableName, tables } from '../../src/projection/tables.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import {
  apiRow,
  auditRow,
  itemRow,
  noon,
  progressRow,
  sampleOwner,
  sessionRow,
  shipment,
  traceId,
} from './sample-rows.ts';

/** What every implementation of `LedgerStore` must hold. `open` is called once; the store's schema is migrated by then. */
export function describeStore(open: () => Promise<SqlLedgerStore> | SqlLedgerStore): void {
  let store: SqlLedgerStore;

  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    // A few rows: truncating would make the files of every partition and index anew, an eighth of a second in PGlite.
    const all = [...Object.keys(tables), 'instances', 'shipments'].map((name) => `spanledger.${name}`);
    await store.database.transaction((connection) =>
      connection.script(all.map((name) => `delete from ${name};`).join(' ')),
    );
  });

  const count = async (table: string) => {
    const [row] = await store.query<{ n: number }>(`select count(*) as n from ${table}`);
    return row?.n;
  };
  const only = async <T extends Record<string, unknown>>(table: TableName) => {
    const rows = await store.query<T>(`select * from ${table}`);
    expect(rows).toHaveLength(1);
    return rows[0] as T;
  };

  test('knows nothing of a segment that was never shipped', async () => {
    expect(await store.offset('instance-1', '00000001')).toBe(0);
  });

  test('stores rows of every table together with the offset behind them', async () => {
    const rows = [auditRow(), apiRow(), progressRow(), sessionRow(), itemRow()];
    expect(await store.ship(shipment(rows, { to: 512 }))).toEqual({ status: 'stored', offset: 512 });
    expect(await store.offset('instance-1', '00000001')).toBe(512);
    for (const table of Object.keys(tables)) expect(await count(table)).toBe(1);
  });

  test('stores a shipment once, however often its answer is lost', async () => {
    const first = shipment([auditRow()], { to: 100 });
    await store.ship(first);
    expect(await store.ship(first)).toEqual({ status: 'elsewhere', offset: 100 });
    expect(await count('audit_log')).toBe(1);
  });

  test('lets one of many shippers with the same part of a segment go on and tells the others where it got to', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => store.ship(shipment([auditRow()], { to: 100 + index }))),
    );
    const stored = results.filter(({ status }) => status === 'stored');
    expect(stored).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'elsewhere')).toHaveLength(7);
    expect(new Set(results.map((result) => 'offset' in result && result.offset)).size).toBe(1);
    expect(await count('audit_log')).toBe(1);
  });

  test('refuses to skip a part of a segment', async () => {
    await store.ship(shipment([auditRow()], { to: 100 }));
    expect(await store.ship(shipment([auditRow()], { from: 200, to: 300 }))).toEqual({
      status: 'elsewhere',
      offset: 100,
    });
    expect(await store.ship(shipment([auditRow()], { segment: '00000002', from: 50, to: 90 }))).toEqual({
      status: 'elsewhere',
      offset: 0,
    });
    expect(await count('audit_log')).toBe(1);
  });

  test('goes on where the last shipment ended and counts records and dead letters', async () => {
    await store.ship(shipment([auditRow(), auditRow()], { to: 100 }));
    await store.ship(shipment([auditRow()], { from: 100, to: 250, deadLetters: 2 }));
    const [row] = await store.query('select end_offset, records, dead_letters from shipments');
    expect(row).toEqual({ end_offset: 250, records: 3, dead_letters: 2 });
  });

  test('moves the offset over a part that has no rows', async () => {
    expect(await store.ship(shipment([], { to: 64, deadLetters: 1 }))).toEqual({ status: 'stored', offset: 64 });
  });

  test('introduces the process that wrote the journal', async () => {
    await store.ship(shipment([]));
    const [row] = await store.query('select * from instances');
    expect(row).toMatchObject({
      instance_id: 'instance-1',
      service_name: 'importer',
      host: 'host-1',
      pid: 4711,
      started_at: new Date((noon - 60_000_000) / 1000),
      ended_at: null,
      service_version: '1.4.0',
      service_revision: '0a1b2c3d4e5f',
    });
  });

  test('keeps every value as it was written, to the microsecond and the last code point', async () => {
    const details = {
      path: 'Fotos/Übung 😀\n"quoted".jpg',
      size: 123_456_789_012,
      nested: { list: [1, 2.5, null, true] },
    };
    const row = auditRow({
      created_at: noon + 123_457,
      details: JSON.stringify(details),
      seq: -3,
      duration_ms: 0.1 + 0.2,
      message: '😀 line one\nline two\ttab \\ backslash',
      recommended_actions: '["retry"]',
    });
    await store.ship(shipment([row]));
    expect(await only('audit_log')).toMatchObject({
      details,
      seq: -3,
      duration_ms: 0.1 + 0.2,
      message: '😀 line one\nline two\ttab \\ backslash',
      recommended_actions: ['retry'],
      trace_id: '0af76519-16cd-43dd-8448-eb211c80319c',
      session_id: null,
    });
    const [time] = await store.query(
      "select to_char(created_at at time zone 'UTC', 'HH24:MI:SS.US') as at from audit_log",
    );
    expect(time).toEqual({ at: '12:00:00.123457' });
  });

  test('keeps numbers up to 2^53 and times before 1970 and 2000', async () => {
    const rows = [
      progressRow({ done: Number.MAX_SAFE_INTEGER, total: -1, created_at: -1, version: 1 }),
      progressRow({ span_id: '0000000000000001', created_at: Date.UTC(1999, 11, 31, 23, 59, 59) * 1000 + 1 }),
    ];
    await store.ship(shipment(rows));
    const found = await store.query(
      'select done, total, extract(epoch from created_at)::text as at from task_progress order by version',
    );
    expect(found).toEqual([
      { done: Number.MAX_SAFE_INTEGER, total: -1, at: '-0.000001' },
      { done: null, total: null, at: '946684799.000001' },
    ]);
  });

  test('makes text storable that Postgres cannot hold', async () => {
    const row = auditRow({
      message: 'a\0b\ud800c',
      details: '{"k":"x\\u0000y\\ud800z","pair":"\\ud83d\\ude00","kept":"\\\\u0000"}',
    });
    expect(await store.ship(shipment([row]))).toMatchObject({ status: 'stored' });
    expect(await only('audit_log')).toMatchObject({
      message: 'a\u{fffd}b\u{fffd}c',
      details: { k: 'x\u{fffd}y\u{fffd}z', pair: '😀', kept: '\\u0000' },
    });
  });

  const poison: readonly (readonly [string, Readonly<Record<string, Cell>>, string])[] = [
    ['a level that does not exist', { level: 'loud' }, '23514'],
    ['a missing value that is needed', { message: null }, '23502'],
    ['text that is no JSON', { details: '{"half":' }, '22P02'],
    ['a trace id that is no uuid', { trace_id: 'xyz' }, '22P02'],
    ['a number that is too large', { seq: 2 ** 31 }, '22003'],
    ['a time that is none', { created_at: Number.NaN }, '22003'],
    ['an item id that no index takes', { item_id: Array.from({ length: 9000 }, (_, i) => i).join('-') }, '54000'],
  ];

  for (const [what, values, code] of poison) {
    test(`refuses ${what} and stores nothing of the shipment`, async () => {
      expect(await store.ship(shipment([auditRow(), auditRow(values)]))).toMatchObject({ status: 'refused', code });
      expect(await count('audit_log')).toBe(0);
      expect(await store.offset('instance-1', '00000001')).toBe(0);
    });
  }

  test('puts rows into the partition of their month, and absurd times into the default one', async () => {
    const times = [
      noon,
      Date.UTC(2025, 0, 31, 23, 59, 59) * 1000,
      Date.UTC(2025, 1, 1) * 1000,
      0,
      Date.UTC(2199, 0, 1) * 1000,
    ];
    await store.ship(shipment(times.map((created_at) => auditRow({ created_at }))));
    const rows = await store.query<{ partition: string; n: number }>(
      'select tableoid::regclass::text as partition, count(*) as n from audit_log group by 1 order by 1',
    );
    expect(rows).toEqual([
      { partition: 'audit_log_2025_01', n: 1 },
      { partition: 'audit_log_2025_02', n: 1 },
      { partition: 'audit_log_2025_11', n: 1 },
      { partition: 'audit_log_default', n: 2 },
    ]);
  });

  test('makes the next month ahead', async () => {
    await store.ship(shipment([apiRow()]));
    const rows = await store.query("select 1 from pg_class where relname = 'api_logs_2025_12'");
    expect(rows).toHaveLength(1);
  });

  test('moves rows out of the default partition when their month gets one', async () => {
    const march = Date.UTC(2030, 2, 15) * 1000;
    await store.ship(shipment([auditRow({ created_at: march })]));
    const [made] = await store.query<{ made: boolean }>("select 1 from pg_class where relname = 'audit_log_2030_03'");
    expect(made).toBeUndefined();
    await store.database.transaction((connection) =>
      connection.query("select spanledger.ensure_partition('audit_log', '2030-03-20')"),
    );
    const rows = await store.query(
      'select tableoid::regclass::text as partition, id is not null as numbered from audit_log',
    );
    expect(rows).toEqual([{ partition: 'audit_log_2030_03', numbered: true }]);
    await store.ship(shipment([auditRow({ created_at: march })], { from: 100, to: 200 }));
    expect(await count('audit_log_2030_03')).toBe(2);
    await store.database.transaction((connection) => connection.script('drop table spanledger.audit_log_2030_03'));
  });

  test('writes one row for a unit that started and ended between two shipments', async () => {
    const end = progressRow({ status: 'SUCCESS', version: noon + 5, ended_at: noon + 5, updated_at: noon + 5 });
    await store.ship(shipment([progressRow(), end]));
    expect(await only('task_progress')).toMatchObject({ status: 'SUCCESS', version: noon + 5 });
  });

  test('moves a row forward only and fills the gaps that the newer version leaves', async () => {
    await store.ship(shipment([progressRow({ input_data: '{"path":"a"}' })], { to: 100 }));
    const end = progressRow({ status: 'FAILED', version: noon + 9, ended_at: noon + 9, error_message: 'disk full' });
    await store.ship(shipment([end], { from: 100, to: 200 }));
    const late = progressRow({ status: 'IN_PROGRESS', version: noon + 4, error_message: 'too late' });
    await store.ship(shipment([late], { from: 200, to: 300 }));
    expect(await only('task_progress')).toMatchObject({
      status: 'FAILED',
      version: noon + 9,
      error_message: 'disk full',
      input_data: { path: 'a' },
    });
  });

  test('keeps the earliest start of a unit', async () => {
    await store.ship(shipment([progressRow({ created_at: noon })], { to: 100 }));
    await store.ship(shipment([progressRow({ created_at: noon + 50, version: noon + 1 })], { from: 100, to: 200 }));
    expect(await only('task_progress')).toMatchObject({ created_at: new Date(noon / 1000) });
  });

  test('lets progress move a row that is there and makes none of it alone', async () => {
    const progress = (span_id: string) => ({
      table: 'task_progress' as const,
      values: {
        trace_id: traceId,
        span_id,
        service_name: 'importer',
        unit: 'step',
        status: 'IN_PROGRESS',
        done: 3,
        total: 10,
        updated_at: noon + 7,
        version: noon + 7,
      },
    });
    await store.ship(shipment([progressRow()], { to: 100 }));
    const both = [progress('b7ad6b7169203331'), progress('ffffffffffffffff')];
    expect(await store.ship(shipment(both, { from: 100, to: 200 }))).toMatchObject({ status: 'stored' });
    expect(await only('task_progress')).toMatchObject({ status: 'IN_PROGRESS', done: 3, step_name: 'analyze' });
  });

  test('takes the end of a session back when it runs again, and keeps it when only counts are told', async () => {
    const at = (micros: number) => noon + micros;
    await store.ship(
      shipment([sessionRow({ state: 'failed', kind: 'local', ended_at: at(1), version: at(1) })], { to: 1 }),
    );
    await store.ship(shipment([sessionRow({ total: 5, version: at(2) })], { from: 1, to: 2 }));
    expect(await only('import_sessions')).toMatchObject({ state: 'failed', total: 5, ended_at: new Date(noon / 1000) });
    await store.ship(
      shipment([sessionRow({ state: 'processing', ended_at: null, version: at(3) })], { from: 2, to: 3 }),
    );
    expect(await only('import_sessions')).toMatchObject({
      state: 'processing',
      kind: 'local',
      total: 5,
      ended_at: null,
    });
  });

  test('keeps the newest sign of life and what a later one does not tell', async () => {
    const owner = sampleOwner();
    expect(await store.heartbeat({ owner, seenAt: noon, rssBytes: 1_000_000, cpuRatio: 0.5 })).toBe(true);
    await store.heartbeat({ owner, seenAt: noon + 5_000_000, eventLoopLagMillis: 12.5 });
    await store.heartbeat({ owner, seenAt: noon - 5_000_000, eventLoopLagMillis: 99 });
    const [row] = await store.query('select last_seen_at, rss_bytes, cpu_ratio, event_loop_lag_ms from instances');
    expect(row).toEqual({
      last_seen_at: new Date(noon / 1000 + 5_000),
      rss_bytes: 1_000_000,
      cpu_ratio: 0.5,
      event_loop_lag_ms: 12.5,
    });
  });

  test('S2.5 learns the code of a process from its heartbeat and keeps it against one that does not know it', async () => {
    const { version: _, revision: __, ...nameless } = sampleOwner();
    const code = async () => (await store.query('select service_version, service_revision from instances'))[0];
    await store.heartbeat({ owner: nameless, seenAt: noon });
    expect(await code()).toEqual({ service_version: null, service_revision: null });
    await store.heartbeat({ owner: sampleOwner(), seenAt: noon + 1_000_000 });
    await store.heartbeat({ owner: nameless, seenAt: noon + 2_000_000 });
    expect(await code()).toEqual({ service_version: '1.4.0', service_revision: '0a1b2c3d4e5f' });
  });

  test('lets stand what a process said of its own end, against what its journal lets others infer', async () => {
    const owner = sampleOwner();
    const exit = { exitCode: 3, exitEvidence: '{"told": "by itself"}' };
    await store.heartbeat({ owner, seenAt: noon + 2_000_000, endedAt: noon + 2_000_000, ...exit });
    const inferred = { endedAt: noon + 1_000_000, exitEvidence: '{"found": "its journal was left behind"}' };
    await store.heartbeat({ owner, seenAt: noon + 1_000_000, ...inferred });
    const [row] = await store.query('select ended_at, exit_code, exit_evidence from instances');
    expect(row).toEqual({
      ended_at: new Date(noon / 1000 + 2_000),
      exit_code: 3,
      exit_evidence: { told: 'by itself' },
    });
  });

  test('answers queries with plain numbers, dates and parsed JSON, and refuses to write', async () => {
    const [row] = await store.query(
      'select 1::bigint as a, sum(2::bigint) as b, $1::timestamptz as c, \'{"d":1}\'::jsonb as d, avg(3::bigint) as e',
      [new Date(noon / 1000)],
    );
    expect(row).toEqual({ a: 1, b: 2, c: new Date(noon / 1000), d: { d: 1 }, e: 3 });
    await expect(store.query('delete from audit_log')).rejects.toThrow(/read-only transaction/);
    await expect(store.query('select 1 from nowhere')).rejects.toMatchObject({ code: '42P01' });
    expect(await store.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
}
