import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/cli-process.ts';
import { until } from '../faults/until.ts';
import { baselineWasm } from '../harness/baseline-wasm.ts';
import { useDatabase } from '../harness/database.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'job-worker');
const ledger = mkdtempSync(join(tmpdir(), 'spanledger-jobs-'));
const recordedFlags = ['--import', 'spanledger/register'];
const database = useDatabase();
const killed = useDatabase();
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(ledger, { recursive: true, force: true, maxRetries: 3 });
});

function start(flags: readonly string[], parameters: readonly string[], env: Readonly<Record<string, string>>) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SPANLEDGER_|OTEL_|DATABASE_URL$|SHOP_|NODE_OPTIONS$|VITEST)/.test(name),
  );
  const child = spawn(process.execPath, [...flags, 'main.js', ...parameters], {
    cwd: example,
    env: { ...Object.fromEntries(inherited), SPANLEDGER_DIR: ledger, SPANLEDGER_EXIT_TIMEOUT: '30000', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  return child;
}

async function run(...given: Parameters<typeof start>) {
  const child = start(...given);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, stdout, stderr };
}

async function rowsOf(url: string, sql: string, ...values: readonly unknown[]) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

let plain: Awaited<ReturnType<typeof run>>;
let recorded: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  // Without the flag on its Postgres in memory, with it on a server.
  [plain, recorded] = await Promise.all([
    run([baselineWasm], [], {}),
    run(recordedFlags, [], { DATABASE_URL: database.url }),
  ]);
}, 120_000);

it('says and returns what it does without the flag', () => {
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  expect(plain.stdout).toContain('A-3 failed after 2 attempts: order A-3 has no lines\n');
  expect(recorded).toEqual(plain);
});

it('has every run of a job as the page of the example says', async () => {
  const page = readFileSync(join(example, 'README.md'), 'utf8');
  const query = page.match(/```sql\n([^`]*)```/)?.[1] ?? '';
  const rows = await rowsOf(database.url, query);
  expect(
    rows
      .filter(({ task_name }) => task_name === 'invoice')
      .map((row) => [row.attempt, row.status, row.error_message])
      .sort(),
  ).toEqual([
    [1, 'FAILED', 'order A-3 has no lines'],
    [1, 'SUCCESS', null],
    [1, 'SUCCESS', null],
    [1, 'SUCCESS', null],
    [1, 'SUCCESS', null],
    [2, 'FAILED', 'order A-3 has no lines'],
  ]);
  const mails = await rowsOf(
    database.url,
    "select i.state from spanledger.import_items i join spanledger.import_sessions s on s.id = i.session_id where s.kind = 'mail'",
  );
  expect(mails).toEqual(Array.from({ length: 4 }, () => ({ state: 'imported' })));
});

it('shows the job that runs, and the one that a killed worker has left', async () => {
  const environment = { DATABASE_URL: killed.url, SPANLEDGER_DIR: ledger };
  const child = start(recordedFlags, ['--seconds', '600'], { DATABASE_URL: killed.url });
  await once(child.stdout, 'data');
  const running = async () => (await runCli(['running', '--json'], { environment })).output;
  await until('the job is seen', 30_000, async () => (await running()).includes('"invoice"'));
  const open = JSON.parse(
    (await running())
      .trim()
      .split('\n')
      .find((line) => line.includes('"invoice"')) ?? '{}',
  );
  child.kill('SIGKILL');
  await once(child, 'close');
  const { output } = await runCli(['recover'], { environment });
  expect(output).toMatch(/is gone, .* closed: 0 sessions, 0 items, 1 unit /);
  const [row] = await rowsOf(
    killed.url,
    "select status, input_data ->> 'id' as job_id, error_message from spanledger.task_progress where task_name = 'invoice'",
  );
  expect(row).toMatchObject({
    status: 'FAILED',
    error_message: expect.stringMatching(/^interrupted: process \d+ on .+ is gone/),
  });
  const [job] = await rowsOf(killed.url, 'select name, state from pgboss.job where id = $1', row.job_id);
  expect({ job, open: open.verdict }).toEqual({ job: { name: 'invoice', state: 'active' }, open: 'running' });
}, 120_000);
