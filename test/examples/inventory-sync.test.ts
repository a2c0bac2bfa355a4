import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { runCli } from '../cli/cli-process.ts';
import { patience, watchContention } from '../faults/contention.ts';
import { useDatabase } from '../harness/database.ts';
import { type Daemon, type Shop, startDaemon, startShop, temporaryDirectory } from './inventory-process.ts';

const database = useDatabase();
const waiting = { timeout: 45_000, interval: 100 };
/** A second, and what the end of a process adds. */
const stoppedWithinMillis = 2_000;
let shop: Shop;
let pool: pg.Pool;

beforeAll(async () => {
  shop = await startShop();
  pool = new pg.Pool({ connectionString: database.url });
  // The database may go before the last connection of the pool.
  pool.on('error', () => undefined);
});
afterAll(async () => {
  shop.close();
  await pool.end();
});

function start(test: TestContext, name: string, flags: readonly string[], directory?: string): Daemon {
  const place = directory === undefined ? {} : { directory };
  return startDaemon({ name, api: shop.url, databaseUrl: database.url, flags, test, ...place });
}

function cli(...argv: string[]) {
  return runCli(argv, { environment: { DATABASE_URL: database.url } });
}

async function sessionsOf(service: string) {
  const { rows } = await pool.query(
    `select s.id, s.state, s.attempt from spanledger.import_sessions s
     where s.id in (select session_id from spanledger.task_progress where service_name = $1)`,
    [service],
  );
  return rows;
}

describe.concurrent('the inventory daemon', { timeout: 120_000 }, () => {
  it('S2.20 runs dry: all batches in order, a summary, and nothing is stored', async (test) => {
    const { code, output } = await start(test, 'dry', ['--dry-run', '--once', '--max-items', '45']).ended;
    const [session] = await sessionsOf('dry');
    const { rows } = await pool.query<{ message: string }>(
      `select message from spanledger.audit_log where session_id = $1 and event = 'task.step.progress'
         and message like 'batch %' order by created_at`,
      [session?.id],
    );
    expect(code).toBe(0);
    expect(output).toMatch(/pages +45\n +stored +0\n +skipped +45\n/);
    expect(output).toMatch(/seconds expected +58\.5\n/);
    expect(rows.map(({ message }) => message.replace(/[\d.]+ s:/, 'N s:'))).toEqual([
      'batch 1 of 3 begins, 20 items',
      'batch 1 of 3 ends after N s: 20 ok, 0 failed',
      'batch 2 of 3 begins, 20 items',
      'batch 2 of 3 ends after N s: 20 ok, 0 failed',
      'batch 3 of 3 begins, 5 items',
      'batch 3 of 3 ends after N s: 5 ok, 0 failed',
    ]);
    expect((await pool.query(`select from inventory where platform = 'dry'`)).rows).toEqual([]);
  });

  it('S2.21 stops within a second in a wait of hours, runs once at a time, and takes over the lock of nobody', async (test) => {
    const directory = temporaryDirectory(test);
    mkdirSync(join(directory, 'state'));
    // The id of a process that lives, and is not the one that took the lock.
    const recycled = { pid: process.pid, started: 'an earlier boot', since: '2026-01-01T00:00:00.000Z' };
    writeFileSync(join(directory, 'state/instance.lock'), JSON.stringify(recycled));
    const daemon = start(test, 'patient', ['--max-items', '3'], directory);
    await daemon.said(`Took the lock of process ${process.pid} over`);
    await daemon.said('ended imported');
    const second = await start(test, 'patient', ['--once'], directory).ended;
    await vi.waitFor(async () => {
      const { output } = await cli('running', '--service', 'patient');
      expect(output).toMatch(/step wait: waits until \S+ for next cycle, \d+ s more/);
    }, waiting);
    const stuck = await cli('stuck', '--service', 'patient');
    const contention = watchContention();
    const toldAt = performance.now();
    daemon.child.kill('SIGINT');
    await daemon.said('Stopped.');
    const stoppedMillis = performance.now() - toldAt;
    expect(await daemon.ended).toMatchObject({ code: 0 });
    expect(stoppedMillis).toBeLessThan(stoppedWithinMillis * patience(contention.share()));
    expect(stuck).toMatchObject({ code: 0, output: 'Nothing is stuck.\n' });
    expect(second.code).toBe(3);
    expect(second.errors).toContain(
      `process ${daemon.child.pid} holds ${join(directory, 'state/instance.lock')} since`,
    );
  });

  it('is taken up again after kill -9: the work is closed as interrupted, and every page is stored once', async (test) => {
    const directory = temporaryDirectory(test);
    const flags = ['--max-items', '45', '--concurrency', '1', '--misbehave', 'promise', '--misbehave-at', 'batch:2'];
    // It stands in a step from then on.
    const isHanging =
      /session inventory-\S+ \(inventory\).* 20\/45 [\s\S]*batch pages +running +0\/20 [\s\S]*step store/;
    const victim = start(test, 'killed', flags, directory);
    await victim.said('Batch 1 of 3');
    await vi.waitFor(async () => {
      const { output } = await cli('running', '--service', 'killed');
      expect(output).toMatch(isHanging);
    }, waiting);
    victim.child.kill('SIGKILL');
    await victim.ended;
    const [interrupted] = await sessionsOf('killed');
    const heir = start(test, 'killed', ['--max-items', '45'], directory);
    await heir.said(`Takes up cycle ${interrupted?.id}: 45 pages`);
    await heir.said('ended imported, attempt 2.');
    const lost = await vi.waitFor(async () => {
      const { rows } = await pool.query(
        `select distinct u.unit from spanledger.lost_units u join spanledger.instances i using (instance_id) where i.pid = $1`,
        [victim.child.pid],
      );
      expect(rows.length).toBeGreaterThan(0);
      return rows.map(({ unit }) => unit);
    }, waiting);
    const timeline = await cli('timeline', interrupted?.id);
    const check = await cli('check', interrupted?.id);
    heir.child.kill('SIGTERM');
    expect(await heir.ended).toMatchObject({ code: 0 });
    expect(await sessionsOf('killed')).toEqual([{ id: interrupted?.id, state: 'imported', attempt: 2 }]);
    expect(lost).toEqual(expect.arrayContaining(['batch', 'step']));
    expect(timeline.output).toMatch(/import\.session\.(?:recovered|interrupted)/);
    expect(check.code).toBe(0);
    const { rows } = await pool.query('select count(*)::int as pages from inventory_history where cycle = $1', [
      interrupted?.id,
    ]);
    expect(rows).toEqual([{ pages: 45 }]);
  });
});
