import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemShippingClock } from '../../src/shipping/clock.ts';
import { createEmbeddedStore } from '../../src/shipping/embedded-store.ts';
import { startEmbeddedThread } from '../../src/shipping/embedded-thread.ts';
import type { SqlLedgerStore } from '../../src/shipping/ledger-store.ts';
import { placeEmbeddedStore } from '../harness/database.ts';
import { auditRow, noon, shipment } from './sample-rows.ts';
import { describeStore } from './store-contract.ts';

const temporary = () => mkdtempSync(join(tmpdir(), 'spanledger-embedded-'));
const shared = temporary();
afterAll(() => rmSync(shared, { recursive: true, force: true, maxRetries: 3 }));

describe('the embedded store', () => {
  beforeAll(() => placeEmbeddedStore(shared));
  describeStore(() => createEmbeddedStore({ directory: shared, clock: { ...systemShippingClock, now: () => noon } }));
});

describe('the embedded store among processes', () => {
  let directory: string;
  let stores: SqlLedgerStore[] = [];
  let children: ChildProcess[] = [];

  const open = (options: { waitMillis?: number } = {}) => {
    const store = createEmbeddedStore({ directory, ...options });
    stores.push(store);
    return store;
  };
  const start = (script: 'embedded-writer.ts' | 'embedded-question.ts') => {
    const hook = new URL('../harness/typescript.js', import.meta.url).href;
    const path = fileURLToPath(new URL(`./${script}`, import.meta.url));
    const child = spawn(process.execPath, ['--import', hook, path, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  };
  const lines = (child: ChildProcess) =>
    createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();

  beforeEach(() => {
    directory = temporary();
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(stores.map((store) => store.close()));
    children = [];
    stores = [];
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });

  test('is whole after its process was killed in the middle of its work, and goes on from there', {
    timeout: 120_000,
  }, async () => {
    await placeEmbeddedStore(directory);
    for (let round = 0; round < 2; round += 1) {
      const child = start('embedded-writer.ts');
      let acknowledged = 0;
      const output = lines(child);
      for (let line = 0; line < 7 + round * 4; line += 1) acknowledged = Number((await output.next()).value);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const store = open();
      const [row] = await store.query<{ offset: number; rows: number; distinct: number; version: number }>(
        `select (select end_offset from shipments) as offset, count(*) as rows, count(distinct seq) as distinct,
          (select version from task_progress) as version from audit_log`,
      );
      const stored = row?.offset ?? 0;
      expect(stored).toBeGreaterThanOrEqual(acknowledged);
      expect(row).toEqual({ offset: stored, rows: stored / 5, distinct: stored / 5, version: stored - 99 });
      await store.database.transaction((connection) =>
        connection.script('truncate spanledger.audit_log, spanledger.shipments, spanledger.task_progress'),
      );
      await store.close();
    }
  });

  test('starts over when a process was killed while it made the store, which is nobody else’s to read', async () => {
    mkdirSync(join(directory, 'store', 'data', 'base'), { recursive: true, mode: 0o755 });
    writeFileSync(join(directory, 'store', 'data', 'PG_VERSION'), '18\n');
    expect(await open().ship(shipment([auditRow()]))).toMatchObject({ status: 'stored' });
    for (const path of ['store/data', 'store/complete', 'store/lock']) {
      expect(statSync(join(directory, path)).mode & 0o077, path).toBe(0);
    }
  });

  test('is handed over between two shipments to a process that waits for it', async () => {
    await placeEmbeddedStore(directory);
    const child = start('embedded-writer.ts');
    const output = lines(child);
    await output.next();
    const [row] = await open().query<{ n: number }>('select count(*) as n from audit_log');
    expect(row?.n).toBeGreaterThan(0);
    const before = Number((await output.next()).value);
    const after = Number((await output.next()).value);
    expect(after).toBeGreaterThan(before);
  });

  test('is shared by two stores of one process in turns', async () => {
    await placeEmbeddedStore(directory);
    const [one, other] = [open(), open()];
    for (const [segment, store] of [one, other, one].entries()) {
      const result = await store.ship(shipment([auditRow()], { segment: String(segment) }));
      expect(result.status).toBe('stored');
    }
    expect(await one.query('select count(*) as n from audit_log')).toEqual([{ n: 3 }]);
  });

  test('says who holds it when the wait is over', async () => {
    await placeEmbeddedStore(directory);
    const child = start('embedded-writer.ts');
    await lines(child).next();
    child.kill('SIGSTOP');
    const store = open({ waitMillis: 100 });
    await expect(store.query('select 1')).rejects.toMatchObject({
      code: 'SPANLEDGER_STORE_LOCKED',
      message: expect.stringContaining(`process ${child.pid} `),
    });
    expect(await store.ship(shipment([auditRow()]))).toMatchObject({ status: 'unavailable', code: 'STORE_LOCKED' });
  });

  test('does not block the thread that asks, and gives its lock back with close', async () => {
    await placeEmbeddedStore(directory);
    const store = open();
    await store.query('select 1');
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    await store.query('select count(*) as n from generate_series(1, 500000) a');
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
    expect(existsSync(join(directory, 'store', 'lock'))).toBe(true);
    await store.close();
    expect(existsSync(join(directory, 'store', 'lock'))).toBe(false);
  });

  test('lets the process end while it is open', async () => {
    await placeEmbeddedStore(directory);
    const child = start('embedded-question.ts');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('tells that its thread has ended instead of waiting for it', async () => {
    await placeEmbeddedStore(directory);
    const dataDirectory = join(directory, 'store', 'data');
    const thread = await startEmbeddedThread({ dataDirectory, isNew: false });
    expect(thread.hasEnded()).toBe(false);
    const asked = thread.order({ type: 'query', sql: 'select 1 as one', parameters: [] });
    await thread.close();
    expect(await asked).toEqual([{ one: 1 }]);
    expect(thread.hasEnded()).toBe(true);
    await expect(thread.order({ type: 'script', sql: 'select 1' })).rejects.toMatchObject({ code: '57P02' });
  });
});
