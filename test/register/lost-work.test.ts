import pg from 'pg';
import { describe, expect, it, type TestContext, vi } from 'vitest';
import { runCliProcess } from '../cli/cli-process.ts';
import { createDatabase, dropDatabase } from '../harness/database.ts';
import { createWorkshop, type Program, type Workshop } from './program.ts';

const waiting = { timeout: 40_000, interval: 100 };

/** A database and a directory of its own: both tests mostly wait, and do so at the same time. */
interface Place {
  readonly url: string;
  readonly workshop: Workshop;
  readonly client: pg.Client;
}

async function createPlace({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<Place> {
  const url = await createDatabase();
  const workshop = createWorkshop();
  const client = new pg.Client({ connectionString: url });
  onTestFinished(async () => {
    await workshop.remove();
    await client.end();
    await dropDatabase(url);
  });
  await client.connect();
  return { url, workshop, client };
}

function start({ workshop, url }: Place, mode: string, id = ''): Program {
  return workshop.start({ script: 'nightly.mjs', parameters: [mode, id], env: { DATABASE_URL: url } });
}

async function value({ client }: Place, sql: string, ...parameters: readonly unknown[]): Promise<unknown> {
  const { rows } = await client.query({ text: sql, values: [...parameters], rowMode: 'array' });
  return rows[0]?.[0];
}

/** A program that was killed in the middle of its second item, all of which is stored. */
async function killedAtWork(place: Place, id: string): Promise<void> {
  const program = start(place, 'hang', id);
  await program.said('hanging');
  const open = 'select count(*)::int from spanledger.task_progress where session_id = $1 and ended_at is null';
  await vi.waitFor(async () => expect(await value(place, open, id)).toBe(3), waiting);
  program.child.kill('SIGKILL');
  await program.ended;
}

const stateOf = (place: Place, id: string) =>
  value(place, 'select state from spanledger.import_sessions where id = $1', id);
const count = (place: Place, id: string, event: string) =>
  value(place, 'select count(*)::int from spanledger.audit_log where session_id = $1 and event = $2', id, event);

describe.concurrent('the work of a program that was killed', () => {
  it('is closed by a sibling, and taken up again by the next run', async (context) => {
    const place = await createPlace(context);
    start(place, 'idle');
    await killedAtWork(place, 'night-1');
    await vi.waitFor(async () => expect(await stateOf(place, 'night-1')).toBe('failed'), waiting);
    expect(await count(place, 'night-1', 'import.session.interrupted')).toBe(1);
    const reason = await value(place, "select reason from spanledger.import_sessions where id = 'night-1'");
    expect(reason).toMatch(/^interrupted: process \d+ on .+ is gone, cause unknown$/);

    const next = await start(place, 'finish', 'night-1').ended;
    expect(next).toMatchObject({ code: 0, stdout: 'item b\nimported\n' });
    await vi.waitFor(async () => expect(await stateOf(place, 'night-1')).toBe('imported'), waiting);
    expect(await count(place, 'night-1', 'import.session.recovered')).toBe(1);
    expect(await value(place, "select attempt from spanledger.import_sessions where id = 'night-1'")).toBe(2);
  }, 120_000);

  it('is closed by the command line, once', async (context) => {
    const place = await createPlace(context);
    await killedAtWork(place, 'night-2');
    const environment = { DATABASE_URL: place.url, SPANLEDGER_DIR: `${place.workshop.directory}/ledger` };
    const recover = (...options: readonly string[]) => runCliProcess(['recover', ...options], { environment });
    const runs = await Promise.all([recover(), recover('--json')]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs.map(({ output }) => output).join('')).toMatch(
      /is gone, of unknown cause; closed: 1 session, 1 item, 3 units|"status":"closed"/,
    );
    expect(await stateOf(place, 'night-2')).toBe('failed');
    for (const event of ['import.session.interrupted', 'import.item.interrupted', 'task.step.interrupted'])
      expect(await count(place, 'night-2', event), event).toBe(1);
    expect(await runCliProcess(['check', 'night-2'], { environment })).toMatchObject({ code: 0 });
  }, 120_000);
});
