import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { useDatabase } from '../harness/database.ts';
import { createWorkshop, type Workshop } from './program.ts';

const database = useDatabase();
let client: pg.Client;
let workshop: Workshop;

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(() => client.end());
beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

const importSteps = ['analyze', 'analyze', 'analyze', 'import.item', 'import.item', 'import.item', 'import.session'];

/** The units of a session, and those outside of sessions that began last, which have ended. */
async function endedSteps(sessionId: string): Promise<readonly string[]> {
  const { rows } = await client.query(
    'select step_name from spanledger.task_progress where session_id = $1 and ended_at is not null order by 1',
    [sessionId],
  );
  return rows.map(({ step_name }) => step_name);
}

async function lastWords(): Promise<number> {
  const { rows } = await client.query(
    `select count(*)::int as count from spanledger.task_progress where step_name = 'last-words' and status = 'SUCCESS'`,
  );
  return rows[0].count;
}

describe('a program with a database', () => {
  it.each([
    ['natural', 0, 0],
    ['exit', 3, 1],
    ['throw', 1, 1],
    ['reject', 1, 1],
  ])('has all its rows there the moment it has ended (%s), and its own exit code', async (ending, code, words) => {
    const before = await lastWords();
    const env = { DATABASE_URL: database.url };
    const ended = await workshop.run({ script: 'app.mjs', parameters: [ending, `at-${ending}`], env });
    expect(ended).toMatchObject({ code, signal: null, stdout: 'imported\n' });
    if (code === 0) expect(ended.stderr).toBe('');
    expect(await endedSteps(`at-${ending}`)).toEqual(importSteps);
    expect((await lastWords()) - before).toBe(words);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('has them there when it has died of %s', async (signal) => {
    const before = await lastWords();
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', `at-${signal}`],
      env: { DATABASE_URL: database.url },
    });
    await program.said('waiting');
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ code: null, signal, stderr: '' });
    expect(await endedSteps(`at-${signal}`)).toEqual(importSteps);
    expect((await lastWords()) - before).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends as its own listener for %s says', async (signal) => {
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['handled', `own-${signal}`],
      env: { DATABASE_URL: database.url },
    });
    await program.said('waiting');
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ code: 7, signal: null, stderr: '' });
    expect(await endedSteps(`own-${signal}`)).toEqual(importSteps);
  });

  it('shows what runs within a second, though the main thread blocks for ever, and dies of SIGTERM like any program', async () => {
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['block', 'hanging'],
      env: { DATABASE_URL: database.url },
    });
    await program.said('blocking');
    const seen = await vi.waitFor(
      async () => {
        const { rows } = await client.query(
          `select p.status, i.state, n.ended_at is null as alive
           from spanledger.task_progress p
           join spanledger.import_items i on i.session_id = p.session_id and i.id = p.item_id
           join spanledger.instances n on n.instance_id = p.instance_id
           where p.session_id = 'hanging-blocked' and p.unit = 'item'`,
        );
        expect(rows).toHaveLength(1);
        expect(rows[0].state).toBe('checking');
        return rows[0];
      },
      { timeout: 1000, interval: 20 },
    );
    expect(seen).toMatchObject({ state: 'checking', alive: true });
    // One that comes before the watchdog has seen the stall is not heard; nobody could tell the main thread of it.
    const asking = setInterval(() => program.child.kill('SIGTERM'), 200);
    const ended = await program.ended.finally(() => clearInterval(asking));
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('leaves nothing behind in the journal that another run would have to ship', async () => {
    await workshop.run({ script: 'app.mjs', parameters: ['natural', 'clean'], env: { DATABASE_URL: database.url } });
    const { rows: before } = await client.query('select count(*)::int as count from spanledger.audit_log');
    await workshop.run({ script: 'app.mjs', parameters: ['natural', 'clean-2'], env: { DATABASE_URL: database.url } });
    const { rows } = await client.query(
      `select count(*)::int as count from spanledger.audit_log where session_id = 'clean-2'`,
    );
    const { rows: after } = await client.query('select count(*)::int as count from spanledger.audit_log');
    expect(after[0].count - before[0].count).toBe(rows[0].count);
  });

  it('ships what a program that was killed left behind', async () => {
    const killed = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', 'killed'],
      env: { DATABASE_URL: database.url, SPANLEDGER_SHIP: 'false' },
    });
    await killed.said('waiting');
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(await endedSteps('killed')).toEqual([]);
    let heirs = 0;
    // The end of a program waits for its last rows within a bound; what is left over then is for the next one.
    await vi.waitFor(
      async () => {
        heirs += 1;
        const parameters = ['natural', `heir-${heirs}`];
        await workshop.run({ script: 'app.mjs', parameters, env: { DATABASE_URL: database.url } });
        expect(await endedSteps('killed')).toEqual(importSteps);
        expect(await endedSteps('heir-1')).toEqual(importSteps);
      },
      { timeout: 25_000 },
    );
  });

  it('skips a session that has ended, though its own journal knows nothing of it', async () => {
    const env = { DATABASE_URL: database.url };
    await workshop.run({ script: 'app.mjs', parameters: ['natural', 'shared'], env });
    const elsewhere = createWorkshop();
    const ended = await elsewhere.run({ script: 'app.mjs', parameters: ['natural', 'shared'], env });
    await elsewhere.remove();
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    const { rows } = await client.query(
      `select count(*)::int as count from spanledger.audit_log where session_id = 'shared' and event = 'import.session.skip'`,
    );
    expect(rows[0].count).toBe(1);
  });
});

describe('a program whose database does not answer', () => {
  it.each([
    ['natural', 0],
    ['exit', 3],
    ['throw', 1],
  ])('runs unharmed, ends as it would (%s), and keeps its records', async (ending, code) => {
    const env = { DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/none' };
    const ended = await workshop.run({ script: 'app.mjs', parameters: [ending], env });
    expect(ended).toMatchObject({ code, stdout: 'imported\n' });
    expect(ended.stderr).toContain('spanledger warning');
    expect(ended.stderr).not.toContain('hunter2');
    const names = (await workshop.records()).flatMap((record) => (record.type === 'end' ? [record.stepName] : []));
    expect(names).toEqual(expect.arrayContaining(importSteps));
  });

  it('says so when the URL is no URL of Postgres, and goes on without', async () => {
    const ended = await workshop.run({ script: 'app.mjs', env: { DATABASE_URL: 'mysql://me:hunter2@host/db' } });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    expect(ended.stderr).toContain('DATABASE_URL');
    expect(ended.stderr).not.toContain('hunter2');
  });
});

describe('a program whose database has no schema yet', () => {
  const empty = useDatabase('empty');

  it('runs unharmed, says what to do, and keeps its records', async () => {
    const ended = await workshop.run({ script: 'app.mjs', env: { DATABASE_URL: empty.url } });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
    expect(ended.stderr).toContain('spanledger migrate');
    expect((await workshop.records()).length).toBeGreaterThan(0);
  });
});
