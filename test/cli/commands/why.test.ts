import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Incident } from '../../../src/domain/incident.ts';
import { useDatabase } from '../../harness/database.ts';
import { runCli } from '../cli-process.ts';
import { temporaryDirectory } from '../written-ledger.ts';

const database = useDatabase();
const root = join(import.meta.dirname, '..', '..', '..');
const daemon = join(root, 'test', 'cli', 'supervision', 'fixtures', 'daemon.mjs');
const waitMillis = 60_000;

describe('a program that is killed at work', { timeout: 180_000 }, () => {
  it('S2.8 is told while it works, after its death with the cause, and as an incident', async () => {
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: temporaryDirectory() };
    const run = (...argv: string[]) => runCli(argv, { environment });
    const json = async (...argv: string[]) =>
      JSON.parse((await run(...argv, '--json')).output.trim().split('\n').at(-1) ?? '');
    const command = [join(root, 'dist', 'cli', 'main.js'), 'run', '--restart', 'never', '--', 'node', daemon, 'killed'];
    const supervisor = spawn(process.execPath, command, {
      cwd: root,
      // A machine that is busy is no reason to lose what the test looks for.
      env: {
        PATH: process.env.PATH,
        OTEL_SERVICE_NAME: 'nightly-service',
        SPANLEDGER_EXIT_TIMEOUT: '30000',
        ...environment,
      },
      stdio: 'ignore',
    });
    onTestFinished(() => void supervisor.kill('SIGKILL'));
    const closed = once(supervisor, 'close');

    const atWork = await vi.waitFor(
      async () => {
        const story = await json('why', 'nightly');
        expect(story.open).toHaveLength(3);
        return story;
      },
      { timeout: waitMillis, interval: 300 },
    );
    expect(atWork).toMatchObject({ verdict: 'running', end: null, process: { service_name: 'nightly-service' } });
    expect(atWork.window).toMatchObject({ after: 'the begin of step analyze', before: 'the end of step analyze' });
    expect((await run('why', 'a.jpg')).output).toMatch(/^item a\.jpg \(local\) {2}RUNNING\n/);

    process.kill(atWork.process.pid, 'SIGKILL');
    await closed;
    const dead = await run('why', 'nightly');
    expect(dead.code).toBe(1);
    expect(dead.output).toMatch(
      /ended failed at \S+: interrupted: process \d+ on \S+ ended by SIGKILL, seen by its parent/,
    );
    expect(dead.output).toContain('its process: ended by SIGKILL, seen by its parent (signal)');
    expect(dead.output).toMatch(/step analyze +FAILED/);
    const timeline = await run('timeline', atWork.process.instance_id, '--claim', '40h');
    expect(timeline.output).toMatch(/claim rejected: it did not hang for 40:00:00: it lived for 0:\d\d:\d\d in all\./);

    const incident: Incident = await json('incident', 'open', 'nightly', '--owner', 'ann', '--note', 'who killed it?');
    expect(incident).toMatchObject({ status: 'open', owner: 'ann', subject: { kind: 'session', id: 'nightly' } });
    expect(incident.evidence).toContain('its process ended by SIGKILL, seen by its parent');
    expect((await run('incident', 'list')).output).toContain(`${incident.id}  open`);
    const page = await run('incident', 'close', incident.id, '--note', 'an operator');
    expect(page.output).toMatch(/\| Status \| solved \|[\s\S]*- \S+: who killed it\?\n- \S+: an operator/);
    expect((await run('incident', 'list')).output).toBe('No incident is open.\n');
    expect(await json('incident', 'show', incident.id)).toMatchObject({ status: 'solved', solved: expect.any(String) });
    // What people write about work is no record of that work.
    expect(await json('why', 'nightly')).toMatchObject({
      last_record: { event: expect.not.stringMatching(/^incident/) },
    });
  });

  it('says what comes near to an id that is not known, and exits with 1', async () => {
    const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: temporaryDirectory() };
    const { errors, code } = await runCli(['why', 'nightli'], { environment });
    expect(code).toBe(1);
    expect(errors).toMatch(/Nothing is recorded under nightli[\s\S]*Near to it: nightly/);
    expect(await runCli(['incident', 'show'], { environment })).toMatchObject({ code: 2 });
  });
});
