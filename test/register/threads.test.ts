import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { parseProcessState } from '../../src/journal/process-state.ts';
import { threadOf } from '../../src/journal/thread-instance.ts';
import type { RequestRecord } from '../../src/projection/record.ts';
import { useDatabase } from '../harness/database.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import { createWorkshop, type Program, type Workshop } from './program.ts';

const script = 'threads.mjs';
const waiting = { timeout: 40_000, interval: 50 };
const database = useDatabase();
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(() => client.end());

/** A directory of its own: the tests mostly wait, and do so at the same time. */
function createPlace({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Workshop {
  const workshop = createWorkshop();
  onTestFinished(() => workshop.remove());
  return workshop;
}

function start(context: Pick<TestContext, 'onTestFinished'>, mode: string): Program {
  return createPlace(context).start({ script, parameters: [mode], env: { DATABASE_URL: database.url } });
}

async function rows<T extends object>(sql: string, ...parameters: readonly unknown[]): Promise<readonly T[]> {
  return (await client.query<T>(sql, [...parameters])).rows;
}

/** The reason of a session, once it has failed. */
async function reasonOf(session: string): Promise<string> {
  return vi.waitFor(async () => {
    const [found] = await rows<{ state: string; reason: string }>(
      'select state, reason from spanledger.import_sessions where id = $1',
      session,
    );
    expect(found?.state).toBe('failed');
    return found?.reason ?? '';
  }, waiting);
}

async function threadJournals({ directory }: Workshop): Promise<readonly string[]> {
  const journals = await listJournals(`${directory}/ledger`);
  return journals.map(({ instanceId }) => instanceId).filter((id) => threadOf(id) !== undefined);
}

async function openUnits(session: string): Promise<number> {
  const found = await rows(
    'select 1 from spanledger.task_progress where session_id = $1 and ended_at is null',
    session,
  );
  return found.length;
}

describe.concurrent('work in worker threads', () => {
  it('is recorded there, with the session of the main thread that it belongs to', async (context) => {
    const ended = await createPlace(context).run({
      script,
      parameters: ['pool'],
      env: { DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000', OTEL_SERVICE_NAME: 'pool' },
    });
    expect(ended).toMatchObject({ code: 0, stdout: 'imported\n', complaints: '' });
    const steps = await rows<{ trace: string; session_trace: string; thread: string }>(
      `select s.trace_id as trace, p.trace_id as session_trace, substring(s.instance_id from '-t\\d+$') as thread
        from spanledger.task_progress s, spanledger.task_progress p
        where s.step_name = 'resize' and s.status = 'SUCCESS' and s.service_name = 'pool'
          and p.session_id = 'pool' and p.unit = 'session'`,
    );
    expect(steps).toHaveLength(4);
    for (const step of steps) expect(step).toMatchObject({ trace: step.session_trace, thread: expect.any(String) });
    expect(new Set(steps.map(({ thread }) => thread)).size).toBe(2);
    // Of a thread that was given an environment without a variable.
    expect(await rows("select state from spanledger.import_sessions where id = 'in-thread'")).toEqual([
      { state: 'imported' },
    ]);
    const instances = await rows<{ exit_code: number }>(
      "select exit_code from spanledger.instances where service_name = 'pool'",
    );
    expect(instances).toEqual([0, 0, 0, 0].map((exit_code) => ({ exit_code })));
  });

  it('leaves nothing on the disk where there is nothing to record, or where a thread is left out', async (context) => {
    const workshop = createPlace(context);
    const { complaints, stdout } = await workshop.run({ script, parameters: ['quiet'] });
    expect({ complaints, stdout }).toEqual({ complaints: '', stdout: 'quiet\n' });
    expect(await threadJournals(workshop)).toEqual([]);
  });

  it('is left out where the settings say so', async (context) => {
    const workshop = createPlace(context);
    const { complaints } = await workshop.run({ script, parameters: ['session'], env: { SPANLEDGER_THREADS: 'off' } });
    expect(complaints).toBe('');
    expect(await threadJournals(workshop)).toEqual([]);
  });

  it('P4 is in the database while the thread is blocked', async (context) => {
    const workshop = createPlace(context);
    await workshop.start({ script, parameters: ['busy'], env: { DATABASE_URL: database.url } }).said('busy');
    await vi.waitFor(async () => expect(await openUnits('busy')).toBe(3), waiting);
    const [instance] = await rows<{ ended_at: Date | null; age: number }>(
      `select i.ended_at, extract(epoch from now() - i.last_seen_at)::int as age from spanledger.instances i
        join spanledger.task_progress p on p.instance_id = i.instance_id where p.session_id = 'busy' limit 1`,
    );
    expect(instance).toMatchObject({ ended_at: null, age: expect.toSatisfy((age: number) => age < 30) });
    // Once it has not come back to its event loop for a while, it is seen where it stands.
    const stack = await vi.waitFor(async () => {
      const journals = await listJournals(`${workshop.directory}/ledger`);
      const ofThread = journals.filter(({ instanceId }) => threadOf(instanceId) !== undefined);
      const found = ofThread.flatMap(({ heartbeat }) => parseProcessState(heartbeat?.figures)?.blockedStack ?? []);
      expect(found).not.toEqual([]);
      return found;
    }, waiting);
    expect(stack.find(({ file }) => file.endsWith('threads.mjs'))?.function).toBe('computeForever');
  });

  it('is one request each where a thread is a server', async (context) => {
    const workshop = createPlace(context);
    const ended = await workshop.run({ script, parameters: ['server'] });
    expect(ended).toMatchObject({ code: 0, stdout: '200 true\n', complaints: '' });
    const requests = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
    expect(requests.map(({ endpoint, responseStatus }) => [endpoint, responseStatus])).toEqual([['/hello', 200]]);
  });

  it('ends with the process that its main thread ends', async (context) => {
    const workshop = createPlace(context);
    const env = { SPANLEDGER_EXIT_TIMEOUT: '30000' };
    const ended = await workshop.run({ script, parameters: ['unanswered'], env });
    expect(ended).toMatchObject({ code: 0, complaints: '' });
    const requests = (await workshop.records()).filter((record): record is RequestRecord => record.type === 'request');
    expect(requests.map(({ endpoint, responseStatus, reason }) => [endpoint, responseStatus, reason])).toEqual([
      ['/slow', undefined, 'The process ended before the answer was complete.'],
    ]);
  });

  it('has sent what it holds for OTLP when the process ends in the main thread', async (context) => {
    const receiver = await startOtlpReceiver();
    context.onTestFinished(() => receiver.close());
    // A tenth of it is for the thread to get its turn, which on a busy machine takes seconds.
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, SPANLEDGER_EXIT_TIMEOUT: '60000' };
    const ended = await createPlace(context).run({ script, parameters: ['exit'], env });
    expect(ended).toMatchObject({ code: 0, complaints: '' });
    const [span, ...more] = receiver.spans.filter(({ name }) => name.startsWith('of thread'));
    expect(more).toEqual([]);
    const { 'service.instance.id': instance } = span?.resource ?? {};
    expect(instance).toMatch(/-t\d+$/);
  });

  it('is closed with the way it ended where its thread is gone and the process goes on', async (context) => {
    const program = start(context, 'ends');
    await program.said('over');
    const lost = String.raw`^interrupted: process \d+ on .+ lost its worker thread \d+, which ended with exit code 1, seen by its parent`;
    expect(await reasonOf('hangs')).toMatch(new RegExp(`${lost}$`));
    expect(await reasonOf('throws')).toMatch(new RegExp(`${lost}: Error: the disk is gone, password=\\[redacted\\]$`));
    expect(await reasonOf('swells')).toMatch(new RegExp(`${lost}: ERR_WORKER_OUT_OF_MEMORY: `));
    // One that another thread had started ended with that.
    for (const session of ['parent', 'child']) expect(await reasonOf(session)).toMatch(new RegExp(`${lost}$`));
    for (const session of ['hangs', 'throws', 'swells', 'parent', 'child']) expect(await openUnits(session)).toBe(0);
    await program.said('heard the disk is gone');
    await program.said('heard ERR_WORKER_OUT_OF_MEMORY');
    expect(program.child.exitCode).toBeNull();
  });
});
