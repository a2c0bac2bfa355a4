import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { importCsv } from '../../src/journal/csv-import.ts';
import { tables } from '../../src/projection/tables.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { applyRetention } from '../../src/shipping/retention.ts';
import { retainOnceADay } from '../../src/shipping/retention-chore.ts';
import { importRows } from '../../src/shipping/row-import.ts';
import { apiRow, auditRow, itemRow, progressRow, sessionRow, shipment } from './sample-rows.ts';

const day = 86_400_000_000;

/** What retention must hold in every database. */
export function describeRetention(open: () => SqlLedgerStore): void {
  let store: SqlLedgerStore;
  const now = Date.now() * 1000;
  const daysAgo = (days: number) => now - days * day;

  let into: string;

  beforeAll(() => {
    store = open();
    into = mkdtempSync(join(tmpdir(), 'spanledger-archive-'));
  });
  afterAll(async () => {
    rmSync(into, { recursive: true, force: true });
    await store.close();
  });
  beforeEach(async () => {
    await store.database.transaction((connection) =>
      connection.script(
        [...Object.keys(tables), 'shipments', 'instances'].map((name) => `delete from spanledger.${name};`).join(' '),
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
    const began = Date.now();
    const report = await applyRetention(store, { days: 30, batchRows: 1 });
    const [audit, api] = report.tables;
    expect(audit?.parts.filter(({ isWhole }) => isWhole).length).toBeGreaterThanOrEqual(2);
    expect(api?.parts).toEqual(
      audit?.parts.map((part) => ({ ...part, name: part.name.replace('audit_log', 'api_logs') })),
    );
    expect([audit?.rows, api?.rows]).toEqual([4, 4]);
    expect(await column('select seq as value from audit_log order by seq')).toEqual([0, 29]);
    expect(await column('select count(*) as value from api_logs')).toEqual([2]);
    const askedAt = report.cutoff.getTime() + 30 * 86_400_000;
    expect(askedAt).toBeGreaterThan(began - 2_000);
    expect(askedAt).toBeLessThan(Date.now() + 2_000);
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
    expect(report.tables[0]).toMatchObject({ rows: 2, parts: [{ isWhole: false, rows: 2 }] });
    expect(await column('select session_id as value from audit_log')).toEqual(['keep']);
  });

  test('never touches running work, and state that a run may need', async () => {
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
    const onProgress = (table: string, n: number) => table === 'audit_log' && progress.push(n);
    const report = await applyRetention(store, { days: 30, batchRows: 10, onProgress });
    expect(report.tables[0]?.rows).toBe(25);
    expect(progress).toEqual([10, 20, 25]);
  });

  test('writes what goes to an archive that import reads back, and keeps what it held', async () => {
    const ended = { trace_id: trace(7), created_at: daysAgo(90), updated_at: daysAgo(90), ended_at: daysAgo(90) };
    await ship([
      auditRow({ created_at: daysAgo(400), seq: 1, message: 'a "quoted", line\nbroken', reason: '' }),
      auditRow({ created_at: daysAgo(31), seq: 2 }),
      auditRow({ created_at: daysAgo(1), seq: 3 }),
      apiRow({ created_at: daysAgo(400) }),
      progressRow(ended),
    ]);
    const content = () =>
      Promise.all(
        ['audit_log', 'api_logs', 'task_progress'].map((name) =>
          column(`select (to_jsonb(t) - 'id')::text as value from ${name} t order by created_at`),
        ),
      );
    const before = await content();
    const { archive, tables: gone } = await applyRetention(store, { days: 30, archive: into, batchRows: 1 });
    expect(gone.slice(0, 3).map(({ rows }) => rows)).toEqual([2, 1, 1]);
    expect(await column('select seq as value from audit_log')).toEqual([3]);
    const files = archive?.files ?? [];
    expect(files.map(({ rows }) => rows)).toEqual([1, 1, 1, 1, 1]);
    expect(readdirSync(into).filter((name) => name.endsWith('.partial'))).toEqual([]);
    for (const { path } of files) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const report = await importRows(store, importCsv({ path }));
      expect(report).toMatchObject({ read: 1, stored: 1, refused: [] });
    }
    expect(await content()).toEqual(before);
    for (const { path } of files) expect((await importRows(store, importCsv({ path }))).stored).toBe(0);
  });

  test('deletes nothing when the archive cannot be written', async () => {
    await ship([auditRow({ created_at: daysAgo(400), seq: 1 }), auditRow({ created_at: daysAgo(31), seq: 2 })]);
    const file = join(into, 'a file');
    writeFileSync(file, '');
    await expect(applyRetention(store, { days: 30, archive: file })).rejects.toMatchObject({
      code: 'SPANLEDGER_ARCHIVE_FAILED',
    });
    expect(await column('select seq as value from audit_log order by 1')).toEqual([1, 2]);
  });

  test('leaves nothing of an archive that was broken off, which would fill the disk time after time', async () => {
    await ship([400, 200, 100, 31].map((age, seq) => auditRow({ created_at: daysAgo(age), seq })));
    const broken = interruptedBy(store, 'close exported', () => Promise.reject(new Error('The server went away.')));
    await expect(applyRetention(broken, { days: 30, archive: join(into, 'broken') })).rejects.toThrow('went away');
    expect(readdirSync(join(into, 'broken'))).toEqual([]);
    expect(await column('select count(*) as value from audit_log')).toEqual([4]);
  });

  test('leaves a row that came after the archive was written', async () => {
    await ship([auditRow({ created_at: daysAgo(400), seq: 1 }), auditRow({ created_at: daysAgo(31), seq: 2 })]);
    const late = interruptedBy(store, 'close exported', () =>
      store.ship(
        shipment([auditRow({ created_at: daysAgo(400), seq: 3 }), auditRow({ created_at: daysAgo(31), seq: 4 })], {
          segment: '00000002',
        }),
      ),
    );
    await applyRetention(late, { days: 30, archive: into });
    expect(await column('select seq as value from audit_log order by 1')).toEqual([3, 4]);
  });

  test('makes the partitions of the coming months', async () => {
    const month = `to_char(date_trunc('month', now() at time zone 'UTC') + interval '2 months', '_YYYY_MM')`;
    const names = ['audit_log', 'api_logs'].map((name) => `spanledger.${name}`);
    for (const name of names) {
      const [found] = await column(`select to_regclass('${name}' || ${month})::text as value`);
      if (found === null) continue;
      await store.database.transaction((connection) => connection.script(`drop table spanledger.${found}`));
    }
    const told = await applyRetention(store, { days: 30, dryRun: true });
    const { made } = await applyRetention(store, { days: 30 });
    expect(made).toEqual(told.made);
    expect(made.length).toBeGreaterThanOrEqual(2);
    for (const name of names)
      expect(await column(`select to_regclass('${name}' || ${month}) is null as value`)).toEqual([false]);
    expect((await applyRetention(store, { days: 30 })).made).toEqual([]);
  });

  test('is done once a day, by one of many', async () => {
    await store.database.transaction((connection) => connection.script('delete from spanledger.chores'));
    await ship([auditRow({ created_at: daysAgo(400) })]);
    const attempts = ['one', 'two', 'three'].map((instanceId) => retainOnceADay(store, { instanceId, days: 30 }));
    const done = (await Promise.all(attempts)).filter((report) => report !== undefined);
    expect(done.map(({ tables: [audit] }) => audit?.rows)).toEqual([1]);
    expect(
      await column(`select (report->>'audit_log')::integer as value from chores where ended_at is not null`),
    ).toEqual([1]);
    const age = (hours: number) =>
      store.database.transaction((connection) =>
        connection.script(`update spanledger.chores set began_at = began_at - interval '${hours} hours'`),
      );
    await age(23);
    expect(await retainOnceADay(store, { instanceId: 'one', days: 30 })).toBeUndefined();
    await age(2);
    expect(await retainOnceADay(store, { instanceId: 'one', days: 30 })).toBeDefined();
  });

  test('is tried again an hour after it failed, with the reason on record', async () => {
    await store.database.transaction((connection) => connection.script('delete from spanledger.chores'));
    await ship([auditRow({ created_at: daysAgo(400) })]);
    const file = join(into, 'another file');
    writeFileSync(file, '');
    const failing = { instanceId: 'one', days: 30, archive: file };
    await expect(retainOnceADay(store, failing)).rejects.toMatchObject({ code: 'SPANLEDGER_ARCHIVE_FAILED' });
    expect(String(await column('select error as value from chores'))).toContain('could not be written');
    expect(await retainOnceADay(store, { instanceId: 'one', days: 30 })).toBeUndefined();
    await store.database.transaction((connection) =>
      connection.script(`update spanledger.chores set began_at = began_at - interval '2 hours'`),
    );
    expect((await retainOnceADay(store, { instanceId: 'one', days: 30 }))?.tables[0]?.rows).toBe(1);
    expect(await column('select error as value from chores')).toEqual([null]);
  });
}

/** The same store; `between` happens once, after a transaction has run `statement`. */
function interruptedBy(store: SqlLedgerStore, statement: string, between: () => Promise<unknown>): SqlLedgerStore {
  let isDue = false;
  const database: SqlLedgerStore['database'] = {
    async transaction(work, mode) {
      if (isDue) {
        isDue = false;
        await between();
      }
      return store.database.transaction(
        (connection) =>
          work({
            query: (sql, parameters) => connection.query(sql, parameters),
            copy: (target, data) => connection.copy(target, data),
            script: async (sql) => {
              await connection.script(sql);
              if (sql === statement) seen += 1;
              if (sql === statement && seen === 2) isDue = true;
            },
          }),
        mode,
      );
    },
  };
  let seen = 0;
  return Object.assign(Object.create(store) as SqlLedgerStore, {
    database,
    query: store.query.bind(store),
    failure: store.failure.bind(store),
    close: store.close.bind(store),
  });
}
