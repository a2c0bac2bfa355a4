import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { tables } from '../../src/projection/tables.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { applyRetention } from '../../src/shipping/retention.ts';
import { apiRow, auditRow, itemRow, progressRow, sessionRow, shipment } from './sample-rows.ts';

const day = 86_400_000_000;

/** What retention must hold in every database. */
export function describeRetention(open: () => SqlLedgerStore): void {
  let store: SqlLedgerStore;
  const now = Date.now() * 1000;
  const daysAgo = (days: number) => now - days * day;

  beforeAll(() => {
    store = open();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await store.database.transaction((connection) =>
      connection.script(
        `truncate ${Object.keys(tables)
          .map((name) => `spanledger.${name}`)
          .join(', ')}, spanledger.shipments`,
      ),
    );
  });

  const ship = (rows: Parameters<typeof shipment>[0]) => store.ship(shipment(rows));
  const column = async (sql: string) => (await store.query<{ value: unknown }>(sql)).map(({ value }) => value);
  const trace = (n: number) => n.toString(16).padStart(32, '0');

  test('drops months that are over whole, removes the rest row by row, and keeps what is young', async () => {
    const ages = [400, 399, 100, 31, 29, 0];
    await ship(
      ages.flatMap((age) => [auditRow({ created_at: daysAgo(age), seq: age }), apiRow({ created_at: daysAgo(age) })]),
    );
    const report = await applyRetention(store, { days: 30, batchRows: 1 });
    const [audit, api] = report.tables;
    expect(audit?.partitions.length).toBeGreaterThanOrEqual(2);
    expect(api?.partitions).toEqual(audit?.partitions.map((name) => name.replace('audit_log', 'api_logs')));
    expect(await column('select seq as value from audit_log order by seq')).toEqual([0, 29]);
    expect(await column('select count(*) as value from api_logs')).toEqual([2]);
    expect(report.cutoff.getTime()).toBeCloseTo(Date.now() - 30 * 86_400_000, -4);
  });

  test('tells in a dry run what it would do, and does nothing', async () => {
    await ship([400, 399, 100, 31, 29].map((age) => auditRow({ created_at: daysAgo(age), seq: age })));
    const told = await applyRetention(store, { days: 30, dryRun: true });
    expect(await column('select count(*) as value from audit_log')).toEqual([5]);
    const done = await applyRetention(store, { days: 30 });
    expect(told.tables).toEqual(done.tables);
    expect(await column('select seq as value from audit_log')).toEqual([29]);
  });

  test('keeps the records of sessions that are asked for, in a month that would otherwise go whole', async () => {
    await ship([
      auditRow({ created_at: daysAgo(100), session_id: 'keep' }),
      auditRow({ created_at: daysAgo(100), session_id: 'go' }),
      auditRow({ created_at: daysAgo(100) }),
    ]);
    const report = await applyRetention(store, { days: 30, keepSessions: ['keep', "o'hara"] });
    expect(report.tables[0]).toEqual({ table: 'audit_log', partitions: [], rows: 2 });
    expect(await column('select session_id as value from audit_log')).toEqual(['keep']);
  });

  test('never touches running work and current state', async () => {
    const old = daysAgo(100);
    const unit = { created_at: old, updated_at: old };
    await ship([
      sessionRow({ id: 'open', started_at: old }),
      sessionRow({ id: 'done', started_at: old, ended_at: old }),
      itemRow({ session_id: 'done', ended_at: old }),
      progressRow({ ...unit, trace_id: trace(1), session_id: 'open', ended_at: old }),
      progressRow({ ...unit, trace_id: trace(2) }),
      progressRow({ ...unit, trace_id: trace(3), session_id: 'done', ended_at: old }),
      auditRow({ created_at: old, session_id: 'open', trace_id: trace(1), event: 'open session' }),
      auditRow({ created_at: old, trace_id: trace(2), event: 'open unit' }),
      auditRow({ created_at: old, session_id: 'done', trace_id: trace(3), event: 'over' }),
    ]);
    await applyRetention(store, { days: 30 });
    expect(await column('select event as value from audit_log order by 1')).toEqual(['open session', 'open unit']);
    expect(await column('select trace_id::text as value from task_progress order by 1')).toEqual([
      '00000000-0000-0000-0000-000000000001',
      '00000000-0000-0000-0000-000000000002',
    ]);
    expect(await column('select id as value from import_sessions order by 1')).toEqual(['done', 'open']);
    expect(await column('select count(*) as value from import_items')).toEqual([1]);
  });

  test('trims the default partition too, and tells how far it is', async () => {
    const rows = Array.from({ length: 25 }, (_, seq) => auditRow({ created_at: Date.UTC(1999, 0, 1) * 1000, seq }));
    await ship(rows);
    const progress: number[] = [];
    const report = await applyRetention(store, { days: 30, batchRows: 10, onProgress: (_, n) => progress.push(n) });
    expect(report.tables[0]?.rows).toBe(25);
    expect(progress).toEqual([10, 20, 25]);
  });
}
