import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { type CliResult, runCli } from '../cli/cli-process.ts';
import { patience, watchContention } from '../faults/contention.ts';
import { useDatabase } from '../harness/database.ts';
import { type Daemon, type Shop, startDaemon, startShop } from './inventory-process.ts';

const database = useDatabase();
/** Several programs start at once, on a machine that may have other things to do. */
const waiting = { timeout: 100_000, interval: 250 };
let shop: Shop;
let client: pg.Pool;

beforeAll(async () => {
  shop = await startShop();
  client = new pg.Pool({ connectionString: database.url });
  // The database may go before the last connection of the pool.
  client.on('error', () => undefined);
});
afterAll(async () => {
  shop.close();
  await client.end();
});

/** How soon its records are in the database. */
const visibleWithinSeconds = 3;

/** What `stuck` says of each way to hang: where the main thread is, or what is waited for. */
const ways: Readonly<Record<string, readonly RegExp[]>> = {
  loop: [/main thread blocked for .* in step store/, /at spinForever \(.*misbehaviour\.js:\d+:\d+\)/],
  regex: [/main thread blocked for .* in step store/, /at matchForever \(.*misbehaviour\.js:\d+:\d+\)/],
  atomics: [/main thread blocked for .* in step store/, /at waitForNobody \(.*misbehaviour\.js:\d+:\d+\)/],
  http: [/waits .* for http: GET .*\/unanswered/],
  lock: [
    /session \d+ of inventory-sync as postgres waits .* for .* on .*\n {4}blocked by session \d+ of stocktaking as postgres, idle in transaction/,
  ],
  stdout: [/main thread blocked for .* in step store/, /at writeLine \(.*misbehaviour\.js:\d+:\d+\)/],
  promise: [/STUCK .*session \S+ \(inventory\) > item promise-\d+ > step store/],
  stop: [/STUCK .*session \S+ \(inventory\) > item stop-\d+ > step store/],
};

function cli(...argv: string[]): Promise<CliResult> {
  return runCli(argv, { environment: { DATABASE_URL: database.url } });
}

function hang(way: string, test: TestContext): Daemon {
  return startDaemon({
    name: way,
    test,
    api: shop.url,
    databaseUrl: database.url,
    isUnread: way === 'stdout',
    flags: ['--once', '--max-items', '40', '--concurrency', '1', '--misbehave', way, '--misbehave-at', 'batch:2'],
  });
}

/** Seconds from the start of the step that hangs until its row could be read. */
async function untilVisible({ name, printed }: Daemon): Promise<number> {
  return vi.waitFor(async () => {
    const { rows } = await client.query<{ seconds: number }>(
      `select extract(epoch from clock_timestamp() - p.created_at)::float8 as seconds
       from spanledger.task_progress p join spanledger.task_progress b using (session_id)
       where b.unit = 'batch' and b.ended_at is null and b.execution_order = 1 and p.step_name = 'store' and p.ended_at is null
         and p.service_name = $1`,
      [name],
    );
    expect(rows, `${name}: ${printed()}`).toHaveLength(1);
    return rows[0]?.seconds ?? Number.NaN;
  }, waiting);
}

/** Looks until `stuck` tells where, and answers what it told. */
async function untilExplained(way: string): Promise<string> {
  return vi.waitFor(async () => {
    const { output, code } = await cli('stuck', '--limit', '2s', '--service', way);
    expect(code).toBe(1);
    for (const pattern of ways[way] ?? []) expect(output).toMatch(pattern);
    return output;
  }, waiting);
}

/** A program that was stopped for less time than a blocked machine might take is not told of. */
async function untilSilent(name: string, seconds: number): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = await client.query(
      'select from spanledger.instances where service_name = $1 and last_seen_at < clock_timestamp() - make_interval(secs => $2)',
      [name, seconds],
    );
    expect(rows).toHaveLength(1);
  }, waiting);
}

async function examine(way: string, test: TestContext): Promise<Daemon> {
  const contention = watchContention();
  const daemon = hang(way, test);
  const seconds = await untilVisible(daemon);
  const mostSeconds = visibleWithinSeconds * patience(contention.share());
  const running = await cli('running', '--service', way);
  await untilExplained(way);
  expect(seconds).toBeLessThan(mostSeconds);
  expect(running.output).toMatch(/session inventory-\S+ \(inventory\).*20\/40/);
  expect(running.output).toMatch(/batch pages +running +0\/20/);
  expect(running.output).toMatch(/expected end: 2 batches x 12 s \+ 40 items x 0\.5 s/);
  return daemon;
}

describe('a daemon that hangs', { timeout: 240_000 }, () => {
  it('is seen at work within a second although its main thread computes for ever, and `stuck` names function and line', async (test) => {
    const computing = await Promise.all(['loop', 'regex'].map((way) => examine(way, test)));
    for (const { child } of computing) child.kill('SIGKILL');
  });

  // Those that wait do so at the same time.
  it.concurrent('is told where it waits: for a thread, a call, a lock or a promise', async (test) => {
    await Promise.all(['atomics', 'http', 'lock', 'promise'].map((way) => examine(way, test)));
  });

  it.concurrent('is told which write it stands in when nobody reads its standard output', async (test) => {
    const { name } = await examine('stdout', test);
    const { rows } = await client.query(
      'select session_id from spanledger.task_progress where service_name = $1 and session_id is not null limit 1',
      [name],
    );
    const why = await cli('why', rows[0].session_id);
    expect(why.output).toMatch(/stack of the blocked main thread:\n {4}at writeLine \(.*misbehaviour\.js:\d+/);
  });

  it.concurrent('goes on unharmed after it was stopped with SIGSTOP, and a pause is on record', async (test) => {
    const daemon = await examine('stop', test);
    await untilSilent('stop', 6);
    daemon.child.kill('SIGCONT');
    const { code, output } = await daemon.ended;
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('ended imported') });
    await vi.waitFor(async () => {
      const { rows } = await client.query(
        `select from spanledger.audit_log where event = 'runtime.pause' and service_name = 'stop'`,
      );
      expect(rows).toHaveLength(1);
    }, waiting);
  });
});
