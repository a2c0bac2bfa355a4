import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '../faults/until.ts';
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

/** A machine that is busy is no reason to lose what the test looks for. */
const answering = () => ({ DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000' });
/** Stalls, which such a machine makes, are rows of their own. */
const unwatched = { SPANLEDGER_WATCHDOG: 'off' };

describe('a program with a database', () => {
  it.each([
    ['natural', 0, 0],
    ['exit', 3, 1],
    ['throw', 1, 1],
    ['reject', 1, 1],
  ])('has all its rows there the moment it has ended (%s), and its own exit code', async (ending, code, words) => {
    const before = await lastWords();
    const env = answering();
    const ended = await workshop.run({ script: 'app.mjs', parameters: [ending, `at-${ending}`], env });
    expect(ended).toMatchObject({ code, signal: null, stdout: 'imported\n' });
    if (code === 0) expect(ended.complaints).toBe('');
    expect(await endedSteps(`at-${ending}`)).toEqual(importSteps);
    expect((await lastWords()) - before).toBe(words);
  });

  // What it does on either signal is a matter of onEnding, and of the programs without a database.
  it('has them there when it has died of SIGTERM', async () => {
    const before = await lastWords();
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', 'at-signal'],
      env: answering(),
    });
    await program.said('waiting');
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: null, signal: 'SIGTERM', complaints: '' });
    expect(await endedSteps('at-signal')).toEqual(importSteps);
    expect((await lastWords()) - before).toBe(1);
  });

  it('ends as its own listener for SIGINT says', async () => {
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['handled', 'own-signal'],
      env: answering(),
    });
    await program.said('waiting');
    program.child.kill('SIGINT');
    expect(await program.ended).toMatchObject({ code: 7, signal: null, complaints: '' });
    expect(await endedSteps('own-signal')).toEqual(importSteps);
  });

  it('dies of SIGTERM as its own listener says, who looks whether it is the only one and raises it again', async () => {
    const program = workshop.start({ script: 'app.mjs', parameters: ['counted', 'counted'], env: answering() });
    await program.said('waiting');
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: null, signal: 'SIGTERM', complaints: '' });
    expect(await endedSteps('counted')).toEqual(importSteps);
    const end = 'select exit_signal from spanledger.instances where pid = $1 and ended_at is not null';
    expect((await client.query(end, [program.child.pid])).rows).toEqual([{ exit_signal: 'SIGTERM' }]);
  });

  it('shows what runs within a second, though the main thread blocks for ever, and dies of SIGTERM like any program', async () => {
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['block', 'hanging'],
      env: answering(),
    });
    await program.said('blocking');
    let seen: unknown;
    await until('the item is seen at work', 1000, async () => {
      const { rows } = await client.query(
        `select i.state, n.ended_at is null as alive
         from spanledger.task_progress p
         join spanledger.import_items i on i.session_id = p.session_id and i.id = p.item_id
         join spanledger.instances n on n.instance_id = p.instance_id
         where p.session_id = 'hanging-blocked' and p.unit = 'item' and i.state = 'checking'`,
      );
      [seen] = rows;
      return seen !== undefined;
    });
    expect(seen).toEqual({ state: 'checking', alive: true });
    // One that comes before the watchdog has seen the stall is not heard; nobody could tell the main thread of it.
    const asking = setInterval(() => program.child.kill('SIGTERM'), 200);
    const ended = await program.ended.finally(() => clearInterval(asking));
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('leaves nothing behind that the next one would have to ship, and skips a session that has ended, though its own journal knows nothing of it', async () => {
    const audits = async (where = 'true') => {
      const { rows } = await client.query(`select count(*)::int as count from spanledger.audit_log where ${where}`);
      return rows[0].count as number;
    };
    const run = ({ run: inside }: Workshop, id: string) =>
      inside({ script: 'app.mjs', parameters: ['natural', id], env: { ...answering(), ...unwatched } });
    await run(workshop, 'clean');
    const before = await audits();
    await run(workshop, 'clean-2');
    expect((await audits()) - before).toBe(await audits(`session_id = 'clean-2'`));
    const elsewhere = createWorkshop();
    // The past is asked for within a second, which a busy machine may miss.
    await vi.waitFor(
      async () => {
        expect(await run(elsewhere, 'clean')).toMatchObject({ code: 0, stdout: 'imported\n' });
        expect(await audits(`session_id = 'clean' and event = 'import.session.skip'`)).toBe(1);
      },
      { timeout: 100_000 },
    );
    await elsewhere.remove();
  });

  it('ships what a program that was killed left behind', async () => {
    const killed = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', 'killed'],
      env: { ...answering(), SPANLEDGER_SHIP: 'false' },
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
        await workshop.run({ script: 'app.mjs', parameters, env: answering() });
        expect(await endedSteps('killed')).toEqual(importSteps);
        expect(await endedSteps('heir-1')).toEqual(importSteps);
      },
      { timeout: 100_000 },
    );
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
