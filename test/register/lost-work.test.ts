import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCliProcess } from '../cli/cli-process.ts';
import { useDatabase } from '../harness/database.ts';
import { createWorkshop } from './program.ts';

const database = useDatabase();
const workshop = createWorkshop();
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await workshop.remove();
  await client.end();
});

const start = (mode: string, id = '') =>
  workshop.start({ script: 'nightly.mjs', parameters: [mode, id], env: { DATABASE_URL: database.url } });
const waiting = { timeout: 40_000, interval: 100 };

async function value(sql: string, ...parameters: readonly unknown[]): Promise<unknown> {
  const { rows } = await client.query({ text: sql, values: [...parameters], rowMode: 'array' });
  return rows[0]?.[0];
}

/** A program that was killed in the middle of its second item, all of which is stored. */
async function killedAtWork(id: string): Promise<void> {
  const program = start('hang', id);
  await program.said('hanging');
  const open = 'select count(*)::int from spanledger.task_progress where session_id = $1 and ended_at is null';
  await vi.waitFor(async () => expect(await value(open, id)).toBe(3), waiting);
  program.child.kill('SIGKILL');
  await program.ended;
}

const stateOf = (id: string) => value('select state from spanledger.import_sessions where id = $1', id);
const count = (id: string, event: string) =>
  value('select count(*)::int from spanledger.audit_log where session_id = $1 and event = $2', id, event);

describe('the work of a program that was killed', () => {
  it('is closed by a sibling, and taken up again by the next run', async () => {
    const sibling = start('idle');
    await killedAtWork('night-1');
    await vi.waitFor(async () => expect(await stateOf('night-1')).toBe('failed'), waiting);
    expect(await count('night-1', 'import.session.interrupted')).toBe(1);
    const reason = await value("select reason from spanledger.import_sessions where id = 'night-1'");
    expect(reason).toMatch(/^interrupted: process \d+ on .+ is gone, cause unknown$/);

    const next = await start('finish', 'night-1').ended;
    expect(next).toMatchObject({ code: 0, stdout: 'item b\nimported\n' });
    await vi.waitFor(async () => expect(await stateOf('night-1')).toBe('imported'), waiting);
    expect(await count('night-1', 'import.session.recovered')).toBe(1);
    expect(await value("select attempt from spanledger.import_sessions where id = 'night-1'")).toBe(2);
    sibling.child.kill('SIGKILL');
    await sibling.ended;
  }, 90_000);

  it('is closed by the command line, once', async () => {
    await killedAtWork('night-2');
    const place = {
      environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: `${workshop.directory}/ledger` },
    };
    const runs = await Promise.all([runCliProcess(['recover'], place), runCliProcess(['recover', '--json'], place)]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs.map(({ output }) => output).join('')).toMatch(
      /is gone, of unknown cause; closed: 1 sessions, 1 items, 3 units|"status":"closed"/,
    );
    expect(await stateOf('night-2')).toBe('failed');
    for (const event of ['import.session.interrupted', 'import.item.interrupted', 'task.step.interrupted'])
      expect(await count('night-2', event), event).toBe(1);
    expect(await runCliProcess(['check', 'night-2'], place)).toMatchObject({ code: 0 });
  }, 60_000);
});
