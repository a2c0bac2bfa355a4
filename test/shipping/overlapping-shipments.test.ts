import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { createShipper } from '../../src/shipping/shipper.ts';
import type { LedgerStore, Shipment } from '../../src/shipping/store.ts';
import { useDatabase } from '../harness/database.ts';
import { createEnd, createEvent, createOwner, createStart } from '../journal/sample-records.ts';
import { auditRow, shipment } from './sample-rows.ts';

const database = useDatabase();
let store: ReturnType<typeof createPostgresStore>;
let directory: string;

beforeEach(async () => {
  store ??= createPostgresStore({ connectionString: database.url });
  directory = mkdtempSync(join(tmpdir(), 'spanledger-overlap-'));
  await store.database.transaction((connection) =>
    connection.script(
      'truncate spanledger.audit_log, spanledger.task_progress, spanledger.import_items, spanledger.shipments',
    ),
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
afterAll(() => store.close());

const count = async (table: string) => (await store.query<{ n: number }>(`select count(*) as n from ${table}`))[0]?.n;

/** A journal of many small segments. */
function write(records: readonly LedgerRecord[]): void {
  const journal = openJournal({ directory, owner: createOwner(), maxSegmentBytes: 2_000 });
  for (const record of records) journal.append(record);
  journal.close();
}

test('a shipment that was sent before its predecessor is stored after it', async () => {
  let decide: (isStored: boolean) => void = () => undefined;
  const after = new Promise<boolean>((resolve) => {
    decide = resolve;
  });
  const second = store.ship(shipment([auditRow()], { from: 100, to: 200, after }));
  const first = await store.ship(shipment([auditRow()]));
  decide(first.status === 'stored');
  expect(await second).toEqual({ status: 'stored', offset: 200 });
  expect(await count('audit_log')).toBe(2);
});

test('a shipment whose predecessor was not stored leaves nothing behind', async () => {
  const after = Promise.resolve(false);
  expect(await store.ship(shipment([auditRow()], { from: 100, to: 200, after }))).toEqual({ status: 'out-of-turn' });
  expect(await count('audit_log')).toBe(0);
});

test('a shipment that finds its offset moved by another shipper in its turn leaves nothing behind', async () => {
  await store.ship(shipment([], { to: 300 }));
  const late = store.ship(shipment([auditRow()], { from: 100, to: 200, after: Promise.resolve(true) }));
  expect(await late).toEqual({ status: 'elsewhere', offset: 300 });
  expect(await count('audit_log')).toBe(0);
});

test('stretches and segments under way together are stored once and in their order', async () => {
  write(Array.from({ length: 300 }, (_, seq) => createEvent(seq)));
  const order: Shipment[] = [];
  let underWay = 0;
  let most = 0;
  const watched: LedgerStore = {
    description: store.description,
    overlaps: store.overlaps === true,
    offset: (instanceId, segment) => store.offset(instanceId, segment),
    heartbeat: (heartbeat) => store.heartbeat(heartbeat),
    query: (sql, parameters) => store.query(sql, parameters),
    close: () => store.close(),
    async ship(sent: Shipment) {
      underWay += 1;
      most = Math.max(most, underWay);
      const result = await store.ship(sent);
      underWay -= 1;
      if (result.status === 'stored') order.push(sent);
      return result;
    },
  };
  const report = await createShipper({ directory, store: watched, maxBytes: 700 }).shipOnce();
  expect(report).toMatchObject({ status: 'caught-up', records: 300 });
  expect(most).toBe(2);
  const places = order.map(({ segment, from }) => `${segment} ${String(from).padStart(8, '0')}`);
  expect(places).toEqual(places.toSorted());
  const [row] = await store.query<{ n: number; seqs: number }>(
    'select count(*) n, count(distinct seq) seqs from audit_log',
  );
  expect(row).toEqual({ n: 300, seqs: 300 });
});

test('a stretch that the database refuses does not keep the one behind it, nor itself but for the record at fault', async () => {
  const poison = createEvent(3, { level: 'unheard-of' });
  write([createEvent(1), createEvent(2), poison, ...Array.from({ length: 30 }, (_, seq) => createEvent(seq + 4))]);
  const report = await createShipper({ directory, store, maxBytes: 1_000 }).shipOnce();
  expect(report).toMatchObject({ status: 'caught-up', records: 32, deadLetters: 1 });
  expect(await count('audit_log')).toBe(32);
});

test('rows that should be new and are not are moved forward', async () => {
  write([createStart(1), createEvent(1)]);
  expect(await createShipper({ directory, store }).shipOnce()).toMatchObject({ status: 'caught-up', records: 2 });
  const again = mkdtempSync(join(tmpdir(), 'spanledger-overlap-'));
  const journal = openJournal({ directory: again, owner: createOwner('instance-2') });
  journal.append(createStart(1), createEnd(1), createEvent(1, { at: createEvent(9).at, version: createEvent(9).at }));
  expect(await createShipper({ directory: again, store }).shipOnce()).toMatchObject({
    status: 'caught-up',
    records: 3,
  });
  journal.close();
  rmSync(again, { recursive: true });
  expect(await store.query('select status, instance_id from task_progress')).toEqual([
    { status: 'SUCCESS', instance_id: 'instance-2' },
  ]);
  expect(await store.query('select instance_id from import_items')).toEqual([{ instance_id: 'instance-2' }]);
});
