import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instanceDirectory } from '../../src/journal/layout.ts';
import { createObserver } from '../../src/journal/liveness.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { closeLostWork } from '../../src/shipping/lost-work.ts';
import { createPostgresStore } from '../../src/shipping/postgres-store.ts';
import { applyRetention } from '../../src/shipping/retention.ts';
import { wholeSegment } from '../../src/shipping/ship-statements.ts';
import { createShipper } from '../../src/shipping/shipper.ts';
import { until } from '../faults/until.ts';
import { useDatabase } from '../harness/database.ts';
import { createStart } from '../journal/sample-records.ts';
import { auditRow, sampleOwner, shipment, traceId } from './sample-rows.ts';

const database = useDatabase();
let store: ReturnType<typeof createPostgresStore>;
let directory: string;
let backup: string;

beforeEach(async () => {
  store ??= createPostgresStore({ connectionString: database.url, maxConnections: 6 });
  directory = mkdtempSync(join(tmpdir(), 'spanledger-returning-'));
  backup = mkdtempSync(join(tmpdir(), 'spanledger-backup-'));
  await script('truncate spanledger.audit_log, spanledger.task_progress, spanledger.instances, spanledger.shipments');
});
afterEach(() => {
  for (const path of [directory, backup]) rmSync(path, { recursive: true, force: true });
});
afterAll(() => store.close());

const script = (sql: string) => store.database.transaction((connection) => connection.script(sql));
const now = Date.now() * 1000;
/** Every process is dead to it. */
const graveyard = { ...createObserver(), startTicks: () => undefined };
const ship = (options: Parameters<ReturnType<typeof createShipper>['shipOnce']>[0] = {}) =>
  createShipper({ directory, store, observer: graveyard, maxBytes: 1024 }).shipOnce(options);

const event = (n: number): LedgerRecord => ({
  type: 'event',
  traceId,
  at: now + n,
  level: 'info',
  category: 'state_transition',
  event: 'import.item.transition',
  message: `event ${n}`,
  seq: n,
});

/** A journal of several segments that its process has left; answers how many. */
function leave(instanceId: string, first: number, records = 40): number {
  const journal = openJournal({ directory, owner: sampleOwner(instanceId), maxSegmentBytes: 2048 });
  for (let n = 0; n < records; n += 1) journal.append(event(first + n));
  journal.close();
  return readdirSync(instanceDirectory(directory, instanceId)).filter((name) => name.endsWith('.log')).length;
}

const copyAway = () => cpSync(join(directory, 'journal'), join(backup, 'journal'), { recursive: true });
const bringBack = () => cpSync(join(backup, 'journal'), join(directory, 'journal'), { recursive: true });
const age = () =>
  script(`update spanledger.shipments set updated_at = now() - interval '40 days';
    update spanledger.instances set last_seen_at = now() - interval '40 days', ended_at = now() - interval '40 days'`);

const stored = async () => {
  const [row] = await store.query('select count(*) as n, count(distinct seq) as distinct from audit_log');
  return row;
};
const offsets = () =>
  store.query(
    'select instance_id, first_segment is null as is_alone, records from shipments order by instance_id, segment',
  );

describe('a journal that comes back after its offsets were removed', () => {
  test('is stored not at all where all of it was shipped', async () => {
    expect(leave('a', 0)).toBeGreaterThan(3);
    copyAway();
    expect(await ship()).toMatchObject({ status: 'caught-up', records: 40 });
    expect(existsSync(instanceDirectory(directory, 'a'))).toBe(false);
    await age();
    const { tables } = await applyRetention(store, { days: 30 });
    expect(tables.filter(({ rows }) => rows > 0).map(({ table }) => table)).toEqual(['instances', 'shipments']);
    expect(await store.query('select from instances')).toEqual([]);
    expect(await offsets()).toEqual([{ instance_id: 'a', is_alone: false, records: 40 }]);
    for (let time = 0; time < 2; time += 1) {
      bringBack();
      expect(await ship()).toMatchObject({ status: 'caught-up', records: 0, unreadable: [] });
      expect(existsSync(instanceDirectory(directory, 'a'))).toBe(false);
      expect(await stored()).toEqual({ n: 40, distinct: 40 });
    }
  });

  test('stays where it cannot be read, since nobody knows what was in it', async () => {
    leave('a', 0);
    copyAway();
    await ship();
    await age();
    await applyRetention(store, { days: 30 });
    bringBack();
    const place = instanceDirectory(directory, 'a');
    rmSync(join(place, 'owner.json'));
    writeFileSync(join(place, '00000001.log'), 'its beginning is lost\n');
    const report = await ship();
    expect(report).toMatchObject({ status: 'caught-up', records: 0 });
    expect(report.unreadable).toEqual([expect.stringContaining('00000001.log')]);
    expect(readdirSync(place)).toContain('00000001.log');
    expect(readdirSync(place)).not.toContain('00000002.log');
  });

  test('gives what was never shipped of it, and nothing else', async () => {
    leave('a', 0);
    copyAway();
    const stop = new AbortController();
    const { records } = await ship({
      signal: stop.signal,
      onProgress: ({ bytes }) => bytes > 5_000 && stop.abort(),
    });
    expect(records).toBeLessThan(40);
    rmSync(join(directory, 'journal'), { recursive: true });
    await age();
    await applyRetention(store, { days: 30 });
    expect((await offsets()).length).toBe(1);
    bringBack();
    expect(await ship()).toMatchObject({ status: 'caught-up', records: 40 - records });
    expect(await stored()).toEqual({ n: 40, distinct: 40 });
  });

  test('has its process back with it, so that the work that it tells of is closed', async () => {
    const place = { directory, owner: { ...sampleOwner('a'), pid: process.pid }, maxSegmentBytes: 2048 };
    const journal = openJournal(place);
    for (let n = 0; n < 20; n += 1) journal.append(event(n));
    // It lives, so its last segment stays.
    expect(await createShipper({ directory, store }).shipOnce()).toMatchObject({ records: 20 });
    expect(readdirSync(instanceDirectory(directory, 'a')).filter((name) => name.endsWith('.log'))).toHaveLength(1);
    await age();
    await applyRetention(store, { days: 30 });
    expect(await store.query('select from instances')).toEqual([]);
    journal.append(createStart(1, { stepName: 'late' }));
    journal.close();
    expect(await ship()).toMatchObject({ status: 'caught-up', records: 1 });
    const [closed] = await closeLostWork(store, { closedBy: 'test', graceMillis: 0 });
    expect(closed).toMatchObject({ instanceId: 'a', status: 'closed', units: 1 });
    expect(
      await store.query(`select status, ended_at is not null as ended from task_progress where step_name = 'late'`),
    ).toEqual([{ status: 'FAILED', ended: true }]);
  });

  test('is known as well when retention was killed between two batches, and when that was done again', async () => {
    const names = ['a', 'b', 'c'];
    for (const [index, name] of names.entries()) leave(name, index * 100);
    copyAway();
    await ship();
    await age();
    await withLock(`select from spanledger.shipments where instance_id = 'b' for update`, async (blocker) => {
      const script = fileURLToPath(new URL('retention-process.ts', import.meta.url));
      const loader = new URL('../harness/typescript.js', import.meta.url).href;
      const child = spawn(process.execPath, ['--import', loader, script, database.url], { stdio: 'inherit' });
      const gone = once(child, 'exit');
      await until('retention waits for the lock', 60_000, () => isAnyBlockedBy(blocker));
      child.kill('SIGKILL');
      expect(await gone).toEqual([null, 'SIGKILL']);
    });
    const alone = (await offsets()).filter(({ is_alone: isAlone }) => isAlone === true);
    expect(new Set(alone.map(({ instance_id: id }) => id))).toEqual(new Set(['b', 'c']));
    bringBack();
    expect(await ship()).toMatchObject({ status: 'caught-up', records: 0 });
    await age();
    await applyRetention(store, { days: 30, batchRows: 2 });
    expect(await offsets()).toEqual(names.map((name) => ({ instance_id: name, is_alone: false, records: 40 })));
    bringBack();
    expect(await ship()).toMatchObject({ status: 'caught-up', records: 0 });
    expect(await stored()).toEqual({ n: 120, distinct: 120 });
  });

  test('is refused to a shipper that has asked while its offset was being removed', async () => {
    const owner = sampleOwner('a');
    for (const segment of ['00000001', '00000002'])
      await store.ship(shipment([auditRow({ seq: Number(segment), created_at: now })], { owner, segment }));
    await age();
    let answer: ReturnType<typeof store.ship> | undefined;
    const slow = Object.assign(Object.create(store) as typeof store, {
      database: {
        transaction: (work, mode) =>
          store.database.transaction(async (connection) => {
            const result = await work(connection);
            const [row] = await connection.query<{ pid: number; removed: boolean }>(
              `select pg_backend_pid() as pid, not exists (select from spanledger.shipments where segment = '00000001') as removed`,
            );
            if (row?.removed !== true || answer !== undefined) return result;
            answer = store.ship(shipment([auditRow({ seq: 1, created_at: now })], { owner, segment: '00000001' }));
            await until('the shipper waits for the end of retention', 60_000, () => isAnyBlockedBy(row.pid));
            return result;
          }, mode),
      } satisfies typeof store.database,
    });
    await applyRetention(slow, { days: 30 });
    expect(await answer).toEqual({ status: 'elsewhere', offset: wholeSegment });
    expect(await stored()).toEqual({ n: 2, distinct: 2 });
  });
});

async function isAnyBlockedBy(pid: number): Promise<boolean> {
  const [row] = await store.query<{ blocked: boolean }>(
    'select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))) as blocked',
    [pid],
  );
  return row?.blocked === true;
}

/** Holds the locks that a statement takes while something is done. */
async function withLock(sql: string, work: (pid: number) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(sql);
    const { rows } = await client.query('select pg_backend_pid() as pid');
    await work(rows[0].pid);
  } finally {
    await client.end();
  }
}
