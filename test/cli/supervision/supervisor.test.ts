import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { useDatabase } from '../../harness/database.ts';

const database = useDatabase();
const root = join(import.meta.dirname, '..', '..', '..');
const daemon = join(import.meta.dirname, 'fixtures', 'daemon.mjs');
const directories = mkdtempSync(join(tmpdir(), 'spanledger-run-'));
const started: Supervised[] = [];
const waitMillis = 30_000;
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
  await client.end();
  rmSync(directories, { recursive: true, force: true, maxRetries: 3 });
});

interface Supervised {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output(): string;
  said(text: string | RegExp): Promise<RegExpExecArray>;
}

function supervise(mode: string, options: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Supervised {
  const parameters = [join(root, 'dist', 'cli', 'main.js'), 'run', ...options, '--', 'node', daemon, mode];
  const child = spawn(process.execPath, parameters, {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      SPANLEDGER_DIR: mkdtempSync(join(directories, 'run-')),
      OTEL_SERVICE_NAME: `daemon-${mode}`,
      // A machine that is busy is no reason to lose what the tests look for.
      SPANLEDGER_EXIT_TIMEOUT: '30000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout?.on('data', (data) => {
    text += data;
  });
  child.stderr?.on('data', (data) => {
    text += data;
  });
  const said = (wanted: string | RegExp) =>
    vi.waitFor(
      () => {
        const found = new RegExp(wanted).exec(text);
        if (found === null) throw new Error(`It did not say ${wanted}, but: ${text}`);
        return found;
      },
      { timeout: waitMillis, interval: 50 },
    );
  // With all that it has said.
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const supervised = { child, ended, output: () => text, said };
  started.push(supervised);
  return supervised;
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const gone = (pid: number) => vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 20_000, interval: 100 });
describe.concurrent('spanledger run', () => {
  it('restarts a program that fails, as often as it may, and ends with its exit code', async () => {
    const run = supervise('code', ['--max-restarts', '1', '--delay', '1'], { DATABASE_URL: database.url });
    expect(await run.ended).toEqual({ code: 7, signal: null });
    expect(run.output()).toMatch(
      /restart 1 of 1 in \d+ ms: exit code 7[\s\S]*not started again: exit code 7, after 1 restarts in a row/,
    );
    const { rows } = await client.query(
      "select event, count(*)::int from spanledger.audit_log where reason like 'exit code 7%' group by 1 order by 1",
    );
    expect(rows).toContainEqual({ event: 'process.restart', count: 1 });
    expect(rows).toContainEqual({ event: 'process.exit', count: 2 });
    expect(rows).toContainEqual({ event: 'process.given_up', count: 1 });
  }, 120_000);

  it('closes the work of a program that was killed, with the signal that it has seen', async () => {
    const run = supervise('killed', ['--restart', 'never'], { DATABASE_URL: database.url });
    await run.said('at work');
    const pid = await vi.waitFor(
      async () => {
        const { rows } = await client.query(
          "select pid from spanledger.instances where service_name = 'daemon-killed'",
        );
        expect(rows).toHaveLength(1);
        return rows[0].pid as number;
      },
      { timeout: waitMillis, interval: 50 },
    );
    process.kill(pid, 'SIGKILL');
    expect(await run.ended).toEqual({ code: 137, signal: null });
    const {
      rows: [session],
    } = await client.query("select state, reason from spanledger.import_sessions where id = 'nightly'");
    expect(session).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^interrupted: .* ended by SIGKILL, seen by its parent$/),
    });
    const { rows: open } = await client.query(
      "select 1 from spanledger.task_progress where ended_at is null and service_name = 'daemon-killed'",
    );
    expect(open).toEqual([]);
    const {
      rows: [instance],
    } = await client.query(
      "select exit_signal, exit_evidence->>'by' as by from spanledger.instances where service_name = 'daemon-killed'",
    );
    expect(instance).toEqual({ exit_signal: 'SIGKILL', by: 'parent' });
    const { rows: told } = await client.query(
      "select event from spanledger.audit_log where event like '%.interrupted' order by event",
    );
    expect(told.map(({ event }) => event)).toEqual([
      'import.item.interrupted',
      'import.session.interrupted',
      'task.step.interrupted',
    ]);
  }, 120_000);

  it('passes signals on, and does not restart what was told to end', async () => {
    const run = supervise('signals', ['--restart', 'always']);
    await run.said('ready');
    for (const signal of ['SIGHUP', 'SIGUSR2'] as const) {
      run.child.kill(signal);
      await run.said(signal);
    }
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 3, signal: null });
    expect(run.output()).not.toContain('restart');
  }, 120_000);

  it('ends a program that is stuck only where it is told to, and starts it again', async () => {
    const run = supervise('block', [
      '--restart',
      'on-stuck',
      '--stuck-after',
      '2',
      '--grace',
      '1',
      '--max-restarts',
      '1',
      '--delay',
      '1',
    ]);
    const [, first] = await run.said(/ready (\d+)/);
    await run.said(/is stuck: its main thread is blocked for \d+ s; it is ended/);
    await gone(Number(first));
    await run.said(/restart 1 of 1 in \d+ ms: stuck: its main thread is blocked/);
    expect(await run.ended).toEqual({ code: 143, signal: null });
  }, 120_000);

  it('leaves a stuck program alone by default', async () => {
    const run = supervise('block', ['--stuck-after', '1']);
    const [, pid] = await run.said(/ready (\d+)/);
    await run.said('it is left alone');
    expect(isRunning(Number(pid))).toBe(true);
    process.kill(Number(pid), 'SIGKILL');
    run.child.kill('SIGTERM');
    await run.ended;
  }, 120_000);

  it('takes the program and its children along when it is killed itself', async () => {
    const run = supervise('family', ['--grace', '1']);
    const [, pid, grandchild] = await run.said(/ready (\d+) (\d+)/);
    run.child.kill('SIGKILL');
    await gone(Number(pid));
    await gone(Number(grandchild));
  }, 120_000);
});
