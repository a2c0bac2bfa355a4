import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { transformSync } from 'rolldown/utils';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { listJournals } from '../../src/journal/journal-listing.ts';
import { parseProcessState } from '../../src/journal/process-state.ts';
import type { EventRecord } from '../../src/projection/record.ts';
import { useDatabase } from '../harness/database.ts';
import { startOtlpReceiver } from '../register/otlp-receiver.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';

const database = useDatabase();
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(() => client.end());

const fixture = (name: string) => join('..', '..', 'watchdog', 'fixtures', name);
const threshold = { SPANLEDGER_WATCHDOG_THRESHOLD: '300' };
const patience = { timeout: 60_000, interval: 50 };

/** The last line in the fixture that names the function. */
const here = (name: string, line: number) => expect.stringMatching(new RegExp(`at ${name} \\(.*stalls\\.mjs:${line}:`));

/** Time that has to pass, since it is what is measured. */
function stoppedFor(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

async function stallsOf(work: Workshop): Promise<readonly EventRecord[]> {
  const records = await work.records();
  return records.filter(
    (record): record is EventRecord => record.type === 'event' && record.event.startsWith('runtime.'),
  );
}

describe('a program that never comes back', () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = createWorkshop();
  });
  afterEach(() => workshop.remove());

  /** TypeScript that a build has compiled: other lines, and a map beside it. */
  function compile(): string {
    const source = `interface Limits {\n  readonly most: number;\n}\n\nexport function spin(limits: Limits = { most: 1 }): void {\n  let count = 0;\n  while (true) {\n    count = (count + 1) % limits.most;\n  }\n}\n`;
    const path = join(workshop.directory, 'spin.ts');
    const { code, map } = transformSync(path, source, { sourcemap: true });
    writeFileSync(path, source);
    writeFileSync(join(workshop.directory, 'spin.mjs'), `// A banner.\n${code}\n//# sourceMappingURL=spin.mjs.map\n`);
    const mappings = `;${map?.mappings}`;
    writeFileSync(join(workshop.directory, 'spin.mjs.map'), JSON.stringify({ ...map, mappings, sources: ['spin.ts'] }));
    return pathToFileURL(join(workshop.directory, 'spin.mjs')).href;
  }

  const spot = () => ({
    function: 'spin',
    file: join(workshop.directory, 'spin.ts'),
    line: expect.toSatisfy((line: number) => line === 7 || line === 8),
    column: expect.any(Number),
  });

  it('has on its row in the database where it is, in the source as it was written, since when, and in which work', async () => {
    const receiver = await startOtlpReceiver();
    const env = { DATABASE_URL: database.url, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...threshold };
    const startedAt = Date.now();
    const program = workshop.start({ script: fixture('endless.mjs'), parameters: [compile()], env });
    await program.said('blocking');
    const row = await vi.waitFor(async () => {
      const { rows } = await client.query(
        `select i.*, p.unit, p.step_name from spanledger.instances i
         join spanledger.task_progress p on p.trace_id = (i.blocked_in->>'trace_id')::uuid
           and p.span_id = i.blocked_in->>'span_id' where i.pid = $1 and i.blocked_stack->0->>'function' = 'spin'`,
        [program.child.pid],
      );
      expect(rows).toHaveLength(1);
      return rows[0];
    }, patience);
    const log = await vi.waitFor(() => {
      const told = receiver.logs.filter(({ eventName }) => eventName.startsWith('runtime.stall.'));
      const found = told.find(({ attributes }) => attributes['code.function.name'] === 'spin');
      expect(found).toBeDefined();
      return found;
    }, patience);
    program.child.kill('SIGKILL');
    await program.ended;
    await receiver.close();
    expect(row).toMatchObject({ unit: 'step', step_name: 'analyze', ended_at: null });
    expect(row.blocked_stack[0]).toEqual(spot());
    expect(row.blocked_since.getTime()).toBeGreaterThan(startedAt);
    expect(row.blocked_since.getTime()).toBeLessThan(Date.now());
    expect(row.blocked_in).toMatchObject({ session_id: 'endless', item_id: 'a', found_by: 'context' });
    expect(row.pending_call).toMatchObject({
      kind: 'sql',
      summary: 'select * from users where password = ? and id = ?',
      started_at: expect.any(String),
    });
    expect(Number(row.heap_used_bytes)).toBeGreaterThan(1_000_000);
    expect(row.worker_threads).toBe(0);
    expect(log?.attributes).toMatchObject({
      'code.file.path': join(workshop.directory, 'spin.ts'),
      'spanledger.step.name': 'analyze',
    });
    expect(receiver.bodies.join()).not.toContain('hunter2');
  });

  it('says the same on the disk where there is no database', async () => {
    const program = workshop.start({ script: fixture('endless.mjs'), parameters: [compile()], env: threshold });
    await program.said('blocking');
    await vi.waitFor(async () => {
      const [journal] = await listJournals(join(workshop.directory, 'ledger'));
      const found = parseProcessState(journal?.heartbeat?.figures);
      // A busy machine may have been slow before.
      expect(found?.blockedStack?.[0]).toEqual(spot());
    }, patience);
    const stall = await vi.waitFor(async () => {
      const found = (await stallsOf(workshop)).find(({ itemId }) => itemId === 'a');
      expect(found).toBeDefined();
      return found;
    }, patience);
    program.child.kill('SIGKILL');
    await program.ended;
    expect(stall).toMatchObject({ event: 'runtime.stall.begin', sessionId: 'endless', itemId: 'a' });
    expect(JSON.stringify(stall)).not.toContain('hunter2');
  });
});

/** Functions of the fixture that block, and their lines. */
const stalls = { loop: 9, backtrack: 14, waitForNobody: 18, starve: 22, callOut: 26 };

/** Tests that mostly wait do so at the same time. */
function ownWorkshop({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Workshop {
  const own = createWorkshop();
  onTestFinished(() => own.remove());
  return own;
}

/** Resolves when the watchdog's thread is at work, which on a busy machine takes longer than the start of the program. */
async function watched({ directory }: Workshop): Promise<void> {
  await vi.waitFor(async () => {
    const [journal] = await listJournals(join(directory, 'ledger'));
    expect(parseProcessState(journal?.heartbeat?.figures)).toBeDefined();
  }, patience);
}

describe.concurrent('a program whose event loop is blocked now and then', () => {
  it('goes on unharmed, and the ledger tells each time where it was: function, file and line', async (context) => {
    // A machine that is busy is no reason to lose what the test looks for.
    const env = { DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000', ...threshold };
    const own = ownWorkshop(context);
    const place = (name: string, line: number) => `${name} \\(.*stalls\\.mjs:${line}:\\d+\\), while ${name} ran\\.$`;
    const runAndLook = async () => {
      const ended = await own.run({ script: fixture('stalls.mjs'), env });
      expect(ended).toMatchObject({ code: 0, stdout: 'went on\n', complaints: '' });
      const { rows } = await client.query(
        `select p.step_name, e.duration_ms, e.stack_trace, e.level, e.message from spanledger.audit_log e
         join spanledger.task_progress p on p.trace_id = e.trace_id and p.span_id = e.span_id
         where e.event = 'runtime.stall.end' order by e.created_at`,
      );
      for (const [name, line] of Object.entries(stalls)) {
        const message = expect.stringMatching(`turns again; it was blocked for [\\d.]+ s in ${place(name, line)}`);
        const told = rows.filter(({ step_name, duration_ms }) => step_name === name && duration_ms > 600);
        const expected = { level: 'warning', stack_trace: here(name, line), message };
        expect(told).toContainEqual(expect.objectContaining(expected));
      }
    };
    // A machine under load may stop the program a line before, and then that line is told: it runs again.
    await vi.waitFor(runAndLook, { timeout: 90_000 });
    const { rows: begun } = await client.query(`select from spanledger.audit_log where event = 'runtime.stall.begin'`);
    expect(begun.length).toBeGreaterThanOrEqual(5);
  });
});

describe.concurrent('a program that waits in a system call', () => {
  it('is told which one and on what, since no stack can be taken there', async (context) => {
    const own = ownWorkshop(context);
    const pipe = join(own.directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const env = { DATABASE_URL: database.url, ...threshold };
    const program = own.start({ script: fixture('full-pipe.mjs'), parameters: [pipe], env });
    const row = await vi.waitFor(async () => {
      const { rows } = await client.query(
        `select blocked_stack, blocked_call, blocked_in ->> 'step_name' as step from spanledger.instances
          where pid = $1 and blocked_call is not null`,
        [program.child.pid],
      );
      expect(rows).toHaveLength(1);
      return rows[0];
    }, patience);
    const told = await vi.waitFor(async () => {
      const { rows } = await client.query(
        `select e.message from spanledger.audit_log e join spanledger.task_progress p using (trace_id, span_id)
          where p.step_name = 'report' and e.event = 'runtime.stall.begin'`,
      );
      expect(rows).toHaveLength(1);
      return rows[0];
    }, patience);
    program.child.kill('SIGKILL');
    await program.ended;
    const blocked_call = { name: 'write', descriptor: expect.any(Number), target: pipe };
    expect(row).toEqual({ blocked_stack: null, blocked_call, step: 'report' });
    expect(told.message).toContain(`while report ran (no stack yet: it waits in write to ${pipe})`);
  });
});

describe.concurrent('a process that did not run', () => {
  it('is not blocked: what is told is a pause, with its length', async (context) => {
    const own = ownWorkshop(context);
    const program = own.start({ script: fixture('idle.mjs'), env: { SPANLEDGER_WATCHDOG_THRESHOLD: '1500' } });
    await watched(own);
    program.child.kill('SIGSTOP');
    await stoppedFor(2_500);
    program.child.kill('SIGCONT');
    const pause = await vi.waitFor(async () => {
      const found = (await stallsOf(own)).find(({ event }) => event === 'runtime.pause');
      expect(found).toBeDefined();
      return found;
    }, patience);
    expect(pause).toMatchObject({
      level: 'info',
      durationMillis: expect.toSatisfy((millis: number) => millis > 1_500),
    });
    program.child.stdin?.write('end\n');
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    const events = (await stallsOf(own)).map(({ event }) => event);
    expect(events).not.toContain('runtime.stall.begin');
  });
});

describe.concurrent('a process that must not be looked into', () => {
  it('is told to be blocked without a stack, under the permission model', async (context) => {
    const own = ownWorkshop(context);
    const [permission = ''] = ['--permission', '--experimental-permission'].filter((flag) =>
      process.allowedNodeEnvironmentFlags.has(flag),
    );
    const flags = [permission, '--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker'];
    const program = own.start({
      script: fixture('idle.mjs'),
      flags: [...flags, '--import', 'spanledger/register'],
      env: threshold,
    });
    await watched(own);
    const free = join(own.directory, 'free');
    program.child.stdin?.write(`block ${free}\nend\n`);
    const events = async () => (await stallsOf(own)).map(({ event }) => event);
    await vi.waitFor(async () => expect(await events()).toContain('runtime.stall.begin'), patience);
    writeFileSync(free, '');
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    const told = await stallsOf(own);
    expect(await events()).toContain('runtime.stall.end');
    expect(told.find(({ event }) => event === 'runtime.stall.begin')?.message).toContain('permission model');
    expect(told.flatMap(({ stack }) => stack ?? [])).toEqual([]);
  });

  it('is left alone while a debugger may be attached', async (context) => {
    const own = ownWorkshop(context);
    const program = own.start({
      script: fixture('idle.mjs'),
      flags: ['--inspect=0', '--import', 'spanledger/register'],
      env: threshold,
    });
    await watched(own);
    program.child.stdin?.write('block\nend\n');
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect((await stallsOf(own)).filter(({ event }) => event !== 'runtime.pause')).toEqual([]);
  });
});
