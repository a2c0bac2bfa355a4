import { once } from 'node:events';
import pg from 'pg';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { rowsOf } from '../../../src/projection/rows.ts';
import { readVerdicts } from '../../../src/register/chores.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { useDatabase } from '../../harness/database.ts';
import { runCli, startCli } from '../cli-process.ts';
import { openWorkRecords } from '../reading/running-contract.ts';
import { sampleOwner, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();
const quiet = useDatabase();
const run = (...argv: string[]) => runCli(argv, { environment: { DATABASE_URL: database.url } });
const json = async (...argv: string[]) => {
  const { output, code } = await run(...argv, '--json');
  const rows = output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { rows: rows as Record<string, unknown>[], code };
};

beforeAll(async () => {
  const store = createPostgresStore({ connectionString: database.url });
  const records = openWorkRecords();
  const rows = records.flatMap((record) => rowsOf(record, sampleOwner));
  await store.ship({ owner: sampleOwner, segment: '00000001', from: 0, to: 1, rows, records: records.length });
  // Seen in an hour: it lives for as long as the tests take.
  await store.heartbeat({
    owner: sampleOwner,
    seenAt: (Date.now() + 3_600_000) * 1000,
    cpuRatio: 4.9,
    rssBytes: 300 * 1024 * 1024,
    eventLoopLagMillis: 12,
  });
  await store.close();
});

describe('spanledger running', () => {
  it('S2.4 shows each process with its figures, and its units as a tree with progress, end and verdict', async () => {
    const { output, code } = await run('running');
    expect(code).toBe(0);
    const lines = output.split('\n');
    expect(lines[0]).toMatch(/^importer, pid \d+ on host-1: .*cpu 490\.0 %, memory 300\.0 MB, event loop delay 12 ms/);
    expect(lines[1]).toMatch(/^ {2}WHAT +VERDICT +DONE +RATE +AGE +SILENT +ENDS +LAST EVENT$/);
    expect(lines[2]).toMatch(
      /^ {2}session waiting \(sync\) +waiting +- +- +2 h 30 min +1 h \d+ min +- +task\.wait\.begin 1 h \d+ min ago$/,
    );
    expect(lines[3]).toMatch(/^ {4}item i +/);
    expect(lines[4]).toMatch(/^ {6}step pause +waiting .* task\.wait\.begin 1 h \d+ min ago$/);
    expect(output).toMatch(
      /session mixed \(sync\) +running +30\/60 +12\.0\/h .*\d{4}-\d\d-\d\dT\S+Z \(rate\) +import\.session\.progress \d+\.?\d* s ago$/m,
    );
    expect(output).toMatch(/step pause: waits until \S+ for rate limit, \d+ s more/);
    expect(output).toMatch(/step learned: .*expected end: median 1\.01 s, p95 1\.02 s of the last 20 runs; unusual: /);
  });

  it('filters, and tells all of it as JSON', async () => {
    const { rows } = await json('running', '--session-id', 'mixed', '--unit', 'step', '--verdict', 'stuck');
    expect(rows).toMatchObject([
      {
        step_name: 'overdue',
        verdict: 'stuck',
        stuck_after_seconds: 600,
        process: { cpu_ratio: 4.9, pid: process.pid },
      },
    ]);
    expect(rows[0]?.reason).toMatch(/^waited until .* overdue by/);
    expect(await run('running', '--service', 'nobody')).toMatchObject({ output: 'Nothing is running.\n', code: 0 });
  });

  it('shows it again and again until Ctrl+C', async () => {
    const argv = ['running', '--watch', '--interval', '1', '--unit', 'item'];
    const child = startCli(argv, { environment: { DATABASE_URL: database.url } });
    const closed = once(child, 'close');
    let shown = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      shown += text;
      if (shown.split('Ctrl+C ends.').length > 2 && child.kill('SIGINT')) break;
    }
    expect(await closed).toEqual([0, null]);
    expect(shown.match(/item i /g)?.length).toBeGreaterThanOrEqual(1);
  });
});

describe('spanledger stuck', () => {
  it('says what does not advance, since when and compared with what, and exits with 1', async () => {
    const { output, code } = await run('stuck');
    expect(code).toBe(1);
    expect(output).toMatch(/STUCK session mixed \(sync\) > step overdue\n {4}since \S+Z: waited until \S+, overdue by/);
    expect(output).toMatch(/STUCK step limited\n {4}since \S+: it takes \d+ s, longer than its limit of 60 s/);
    expect(output).toMatch(
      /STUCK step learned\n.*3 x its p95 of the last 20 runs.*\n {4}it takes \d+(\.\d)? x its median/,
    );
    expect(output).not.toContain('step patient');
  });

  it('tells it as JSON with the path, and takes another limit', async () => {
    const stuck = await json('stuck');
    // The server's other users, whom it tells of too, may wait for each other at that moment.
    const steps = ({ rows }: typeof stuck) =>
      rows.flatMap(({ found, step_name }) => (found === 'database_wait' ? [] : [step_name])).sort();
    expect(stuck.code).toBe(1);
    expect(steps(stuck)).toEqual(['hurried', 'learned', 'limited', 'overdue']);
    const overdue = stuck.rows.find((row) => row.step_name === 'overdue');
    expect(overdue).toMatchObject({
      found: 'unit',
      path: [{ unit: 'session', session_id: 'mixed' }, { unit: 'step' }],
    });
    expect(steps(await json('stuck', '--limit', '15m'))).toEqual(['limited', 'overdue', 'patient']);
  });

  it('S2.12 names the session that holds the lock another waits for, also to a role that may see little', async () => {
    const [holder, waiter] = await Promise.all([connect('maintenance'), connect('importer')]);
    await holder.query('create table prices (id integer primary key, amount integer)');
    await holder.query('insert into prices values (1, 1)');
    await holder.query('begin');
    await holder.query('update prices set amount = 2 where id = 1');
    const { rows: waiters } = await waiter.query('select pg_backend_pid() as pid');
    // Others wait on this server, too.
    const isWaiting = `select exists (select from pg_locks where not granted and pid = ${waiters[0].pid}) as found`;
    const waiting = waiter.query('update prices set amount = 3 where id = 1');
    await holder.query("set local statement_timeout = '10s'");
    for (let found = false; !found; ) found = (await holder.query(isWaiting)).rows[0]?.found;
    const { output } = await run('stuck');
    expect(output).toMatch(
      /session \d+ of importer as postgres waits .* for ShareLock on \S+ \(recognised by its application name\): update prices set amount = 3/,
    );
    expect(output).toMatch(/blocked by session \d+ of maintenance as postgres, (active|idle in transaction)/);
    const name = `looker_${Date.now()}`;
    await waiterFree(holder, waiting);
    const admin = await connect('admin');
    await admin.query(`create role ${name} login password 'test-only'; grant spanledger_reader to ${name}`);
    onTestFinished(async () => {
      const last = new pg.Client({ connectionString: database.url });
      await last.connect();
      await last.query(`drop owned by ${name}; drop role ${name}`);
      await last.end();
    });
    await holder.query('begin');
    await holder.query('update prices set amount = 2 where id = 1');
    const again = waiter.query('update prices set amount = 3 where id = 1');
    for (let found = false; !found; ) found = (await holder.query(isWaiting)).rows[0]?.found;
    const url = new URL(database.url);
    url.username = name;
    const little = await runCli(['stuck'], { environment: { DATABASE_URL: url.href } });
    expect(little.output).toMatch(
      /session \d+ of importer as postgres waits for ShareLock .*\n.*blocked by session \d+ of maintenance/,
    );
    expect(little.output).not.toContain('update prices');
    expect(little.output).toContain(`The role ${name} does not see the statements of others`);
    await waiterFree(holder, again);
  });

  it('exits with 0 when nothing is stuck, and with 3 when nobody can say', async () => {
    const environment = { DATABASE_URL: quiet.url };
    expect(await runCli(['stuck'], { environment })).toEqual({ output: 'Nothing is stuck.\n', errors: '', code: 0 });
    const unreachable = { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' };
    expect(await runCli(['stuck'], { environment: unreachable })).toMatchObject({ output: '', code: 3 });
  });

  it('answers from the journals on request, while the database is away', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, openWorkRecords());
    const environment = { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none', SPANLEDGER_DIR: directory };
    const { output, errors, code } = await runCli(['stuck', '--from-journal'], { environment });
    expect(code).toBe(1);
    expect(errors).toContain('answering from the journals');
    expect(output).toMatch(/STUCK session mixed \(sync\) > step overdue/);
  });
});

it('S2.31 the metrics of a process tell how many of its units the database judges stuck and waiting', async () => {
  const store = createPostgresStore({ connectionString: database.url });
  expect(await readVerdicts(store, sampleOwner.instanceId)).toEqual({ stuck: 4, waiting: 3 });
  expect(await readVerdicts(store, 'nobody')).toEqual({ stuck: 0, waiting: 0 });
  await store.close();
  const away = createPostgresStore({ connectionString: 'postgres://nobody:x@127.0.0.1:1/none' });
  expect(await readVerdicts(away, sampleOwner.instanceId)).toEqual({});
  await away.close();
});

async function connect(name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url, application_name: name });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function waiterFree(holder: pg.Client, waiting: Promise<unknown>): Promise<void> {
  await holder.query('rollback');
  await waiting;
}
