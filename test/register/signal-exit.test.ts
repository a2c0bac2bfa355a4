import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../harness/database.ts';
import { createWorkshop, type Ended, type ProgramOptions, type Workshop } from './program.ts';

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

async function endOf(
  signal: NodeJS.Signals,
  parameters: readonly string[],
  rest?: Partial<ProgramOptions>,
): Promise<Ended> {
  const program = workshop.start({ script: 'signal-exit.mjs', parameters, ...rest });
  await program.said('waiting');
  program.child.kill(signal);
  return program.ended;
}

describe('a program that waits, and counts its listeners for a signal before it raises it again', () => {
  it.each([
    ['v3', 'SIGTERM', 'v3 null SIGTERM\n'],
    ['v4', 'SIGINT', 'v4 null SIGINT\n'],
    ['both', 'SIGTERM', 'v4 null SIGTERM\nv3 null SIGTERM\n'],
    ['v4', 'SIGHUP', 'v4 null SIGHUP\n'],
    ['gone', 'SIGTERM', ''],
  ] as const)('ends as without spanledger (%s, %s), and its session is open', async (kind, signal, said) => {
    const ended = await endOf(signal, [kind]);
    expect(ended).toMatchObject({ code: null, signal, stdout: `waiting\n${said}`, stderr: '' });
    const records = await workshop.records();
    expect(records.filter(({ type }) => type === 'start' || type === 'end').map(({ type }) => type)).toEqual(['start']);
  });

  it('ends so without the flag as well', async () => {
    const ended = await endOf('SIGTERM', ['both'], { flags: [] });
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(ended.stdout).toBe('waiting\nv4 null SIGTERM\nv3 null SIGTERM\n');
  });

  it('ends so with a database as well, where its rows are', async () => {
    const env = { DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000' };
    const ended = await endOf('SIGTERM', ['both', 'counted-twice'], { env });
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', complaints: '' });
    expect(ended.stdout).toBe('waiting\nv4 null SIGTERM\nv3 null SIGTERM\n');
    const { rows } = await client.query(
      `select s.state, waiting_until is not null as waits, exit_signal from spanledger.import_sessions s
       join spanledger.task_progress t on t.session_id = s.id join spanledger.instances i on i.instance_id = t.instance_id
       where s.id = 'counted-twice' and t.ended_at is null`,
    );
    expect(rows).toEqual([{ state: 'pending', waits: true, exit_signal: 'SIGTERM' }]);
  });
});

describe('a program that waits, and handles the signal itself', () => {
  it('has its wait cut short, and goes on', async () => {
    const ended = await endOf('SIGTERM', ['handled']);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'waiting\nhandled\nstopped\nexit 0\n', stderr: '' });
  });
});
