import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, type TestContext, vi } from 'vitest';
import { createWorkshop, type Workshop } from './program.ts';

/** A message to systemd: `READY=1`, `STATUS=ok`; and when it came, milliseconds since the epoch. */
interface Notice {
  readonly at: number;
  readonly words: readonly string[];
}

const patience = { timeout: 60_000, interval: 50 };
const watchdogMillis = 1_000;

type Finishing = Pick<TestContext, 'onTestFinished'>;

/** A place for the programs of one test: both mostly wait, and do so at the same time. */
function ownWorkshop({ onTestFinished }: Finishing): Workshop {
  const workshop = createWorkshop();
  onTestFinished(() => workshop.remove());
  return workshop;
}

/** A socket as systemd has it. Node.js has none of that kind, so Python listens; without it, or without `systemd-notify`, this fails. */
async function listen({ onTestFinished }: Finishing): Promise<{ readonly socket: string; readonly heard: Notice[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-notify-'));
  const socket = join(directory, 'notify');
  const child = spawn('python3', [join(import.meta.dirname, 'datagram-listener.py'), socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const lines = createInterface({ input: child.stdout });
  await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => Promise.reject(new Error('python3 ended')))]);
  const heard: Notice[] = [];
  lines.on('line', (line) => heard.push(JSON.parse(line)));
  return { socket, heard };
}

function environment(socket: string) {
  return {
    NOTIFY_SOCKET: socket,
    WATCHDOG_USEC: String(watchdogMillis * 1000),
    SPANLEDGER_SYSTEMD_NOTIFY: 'true',
    SPANLEDGER_HEALTH_BLOCKED_SECONDS: '1',
    // Somebody to send to, so that signals are heard.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  };
}

describe.concurrent('under systemd', { timeout: 120_000 }, () => {
  it('says READY=1, feeds the watchdog until the main thread is blocked and again when it is free, and says STOPPING=1', async (context) => {
    execFileSync('systemd-notify', ['--version']);
    const { socket, heard } = await listen(context);
    const workshop = ownWorkshop(context);
    const times = (word: string) => heard.filter(({ words }) => words.includes(word)).map(({ at }) => at);
    const program = workshop.start({ script: 'notified.mjs', env: environment(socket) });
    await program.said('at work');
    await vi.waitFor(() => expect(times('WATCHDOG=1').length).toBeGreaterThanOrEqual(3), patience);
    expect(heard[0]?.words).toContain('READY=1');

    const fed = times('WATCHDOG=1').length;
    program.child.kill('SIGUSR2');
    await program.said('free');
    const freeAt = Date.now();
    await vi.waitFor(() => expect(times('WATCHDOG=1').some((at) => at > freeAt)).toBe(true), patience);
    const since = times('WATCHDOG=1').slice(fed - 1);
    const pauses = since.slice(1).map((at, index) => at - (since[index] ?? at));
    // Longer than systemd would wait: it would have killed the service.
    expect(Math.max(...pauses)).toBeGreaterThan(2 * watchdogMillis);
    expect(heard.flatMap(({ words }) => words).some((word) => word.startsWith('STATUS=blocked'))).toBe(true);

    program.child.kill('SIGTERM');
    await vi.waitFor(() => expect(times('STOPPING=1')).not.toEqual([]), patience);
    program.child.stdin?.write('stop\n');
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect([times('READY=1').length, times('STOPPING=1').length]).toEqual([1, 1]);
  });

  it('goes on where there is no systemd-notify, and says so', async (context) => {
    const { socket, heard } = await listen(context);
    const workshop = ownWorkshop(context);
    const directory = mkdtempSync(join(tmpdir(), 'spanledger-path-'));
    context.onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const program = workshop.start({
      script: 'notified.mjs',
      env: { ...environment(socket), PATH: `${directory}${delimiter}` },
    });
    let told = '';
    program.child.stderr?.on('data', (text: string) => {
      told += text;
    });
    await program.said('at work');
    await vi.waitFor(() => expect(told).toMatch(/systemd c(?:annot|ould not) be told/), patience);
    program.child.kill('SIGTERM');
    program.child.stdin?.write('stop\n');
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect(heard).toEqual([]);
  });
});
