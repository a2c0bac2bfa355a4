import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Row, tables } from '../../src/projection/tables.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { type ImportReport, importRows } from '../../src/shipping/row-import.ts';
import { apiRow, auditRow, itemRow, noon, progressRow, sessionRow, shipment } from './sample-rows.ts';

/** What loading rows from a file must hold in every database. */
export function describeRowImport(open: () => SqlLedgerStore): void {
  let store: SqlLedgerStore;

  beforeAll(() => {
    store = open();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await store.database.transaction((connection) =>
      connection.script(
        [...Object.keys(tables), 'shipments'].map((name) => `delete from spanledger.${name};`).join(' '),
      ),
    );
  });

  const numbered = (rows: readonly Row[]) => rows.map((row, index) => ({ row, line: index + 2 }));
  const count = async (table: string) => (await store.query<{ n: number }>(`select count(*) as n from ${table}`))[0]?.n;

  const everyTable = [
    ...Array.from({ length: 20 }, (_, seq) => auditRow({ seq, created_at: noon + seq })),
    ...Array.from({ length: 5 }, (_, n) => apiRow({ created_at: noon + n })),
    progressRow({ status: 'SUCCESS', ended_at: noon }),
    sessionRow({ state: 'imported' }),
    itemRow(),
  ];

  test('loads every table, and the same file again without a double', async () => {
    expect(await importRows(store, numbered(everyTable))).toEqual({ read: 28, stored: 28, refused: [] });
    expect(await importRows(store, numbered(everyTable))).toEqual({ read: 28, stored: 0, refused: [] });
    expect(await count('audit_log')).toBe(20);
    expect(await count('api_logs')).toBe(5);
  });

  test('leaves alone what was shipped and adds what is missing', async () => {
    await store.ship(shipment(everyTable.slice(0, 12)));
    expect(await importRows(store, numbered(everyTable), { batchRows: 3 })).toMatchObject({ stored: 16 });
    expect(await count('audit_log')).toBe(20);
  });

  test('keeps rows that are truly twice in the file, also when it is read again', async () => {
    const line = auditRow({ event: 'log', seq: undefined, span_id: undefined, message: 'tick' });
    const other = auditRow({ event: 'log', seq: undefined, span_id: undefined, message: 'tock' });
    expect(await importRows(store, numbered([line, line, other]))).toMatchObject({ stored: 3 });
    expect(await importRows(store, numbered([line, line, other, line]))).toMatchObject({ stored: 1 });
    expect(await count('audit_log')).toBe(4);
  });

  test('moves rows of the other tables forward only', async () => {
    await importRows(store, numbered([sessionRow({ state: 'imported', version: 20 })]));
    expect(await importRows(store, numbered([sessionRow({ state: 'importing', version: 10 })]))).toMatchObject({
      stored: 0,
    });
    expect(await importRows(store, numbered([sessionRow({ kind: 'local', version: 30 })]))).toMatchObject({
      stored: 1,
    });
    expect(await store.query('select state, kind from import_sessions')).toEqual([
      { state: 'imported', kind: 'local' },
    ]);
  });

  test('names the lines that are refused and loads the others', async () => {
    const rows = everyTable.map((row, index) => (index === 7 ? auditRow({ level: 'loud' }) : row));
    const report = await importRows(store, numbered([...rows, auditRow({ trace_id: 'none' })]));
    expect(report).toMatchObject({
      read: 29,
      stored: 27,
      refused: [
        { line: 9, code: '23514' },
        { line: 30, code: '22P02', message: 'audit_log.trace_id: not a uuid' },
      ],
    });
  });

  test('takes rows as they come and tells how far it is', async () => {
    const seen: ImportReport[] = [];
    async function* rows() {
      yield* numbered(everyTable);
    }
    await importRows(store, rows(), { batchRows: 10, onProgress: (report) => seen.push(report) });
    expect(seen.map(({ read }) => read)).toEqual([10, 20, 28]);
  });
}
