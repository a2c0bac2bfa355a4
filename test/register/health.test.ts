import { afterAll, describe, expect, it, vi } from 'vitest';
import type { HealthFacts } from '../../src/domain/health.ts';
import { answerHealth } from '../../src/register/health-answer.ts';
import { createHealthHandler } from '../../src/register/health-handler.ts';
import { freePort } from '../harness/free-port.ts';
import { createWorkshop } from './program.ts';

const workshop = createWorkshop();
afterAll(() => workshop.remove());

const now = Date.UTC(2025, 10, 22, 12);
const facts: HealthFacts = {
  now,
  startedAt: now - 90_000,
  service: 'importer',
  instanceId: 'instance-1',
  pid: 4711,
  lateMillis: 12,
  journal: { bytes: 100, records: 2, refusedByDisk: 0, ships: true, ageSeconds: 1 },
  loops: [
    { name: 'sync', count: 3, failures: 0, since: now - 90_000, lastRunAt: now - 9_000, lastSuccessAt: now - 8_000 },
  ],
};
const limits = { blockedMillis: 30_000 };
const ask = (path: string, changes: Partial<HealthFacts> = {}) => {
  const { status, body } = answerHealth({ method: 'GET', path }, () => ({ ...facts, ...changes }), limits);
  return { status, body: JSON.parse(body) };
};

describe('the answers', () => {
  it('tell verdict, delay, journal and loops', () => {
    expect(ask('/healthz')).toEqual({
      status: 200,
      body: {
        verdict: 'ok',
        live: true,
        ready: true,
        reasons: [],
        service: 'importer',
        instance_id: 'instance-1',
        pid: 4711,
        at: '2025-11-22T12:00:00.000Z',
        uptime_seconds: 90,
        loop_delay_ms: 12,
        journal: { bytes: 100, records: 2, refused_by_disk: 0, ships: true, age_seconds: 1 },
        loops: [
          {
            name: 'sync',
            count: 3,
            failures: 0,
            running_since: null,
            last_run: '2025-11-22T11:59:51.000Z',
            last_success: '2025-11-22T11:59:52.000Z',
            last_error: null,
          },
        ],
      },
    });
  });

  const [sync] = facts.loops;
  it.each<[string, Partial<HealthFacts>, string, number, number, number]>([
    ['a blocked main thread is neither live nor ready', { lateMillis: 30_001 }, 'blocked', 503, 503, 503],
    ['late by the limit is still live', { lateMillis: 30_000 }, 'ok', 200, 200, 200],
    [
      'a disk that refuses is live and not ready',
      { journal: { ...facts.journal, refusedByDisk: 4 } },
      'failing',
      200,
      503,
      503,
    ],
    [
      'a database that is away degrades, and nothing more',
      { journal: { ...facts.journal, ageSeconds: 61 } },
      'degraded',
      200,
      200,
      200,
    ],
    [
      'a loop without success for too long is not ready',
      { loops: [{ name: 'sync', count: 0, failures: 0, since: now - 60_001, successWithinMillis: 60_000 }] },
      'failing',
      200,
      503,
      503,
    ],
    [
      'a cycle that failed last degrades',
      { loops: sync === undefined ? [] : [{ ...sync, lastError: { at: now - 1, message: 'no stock' } }] },
      'degraded',
      200,
      200,
      200,
    ],
  ])('%s', (_, changes, verdict, live, ready, well) => {
    expect(ask('/healthz', changes)).toMatchObject({ status: well, body: { verdict } });
    expect([ask('/livez', changes).status, ask('/readyz', changes).status]).toEqual([live, ready]);
  });

  it('come to GET and HEAD on the three paths alone, wherever they are mounted', async () => {
    const handler = createHealthHandler();
    const statusOf = (path: string, method = 'GET') => handler(new Request(`http://host${path}`, { method })).status;
    expect([statusOf('/livez'), statusOf('/internal/readyz?full'), statusOf('/healthz', 'HEAD')]).toEqual([
      200, 200, 200,
    ]);
    expect([statusOf('/metrics'), statusOf('/healthz', 'POST')]).toEqual([404, 405]);
    expect(await handler(new Request('http://host/livez', { method: 'HEAD' })).text()).toBe('');
  });
});

describe('a program', () => {
  it('answers by itself, and by its guard while its main thread is blocked', async () => {
    const port = await freePort();
    const env = { SPANLEDGER_HEALTH_PORT: String(port), SPANLEDGER_HEALTH_BLOCKED_SECONDS: '1' };
    const program = workshop.start({ script: 'health.mjs', env });
    let output = '';
    program.child.stdout?.on('data', (data) => {
      output += data;
    });
    await program.said('listening');
    const [, own] = /listening (\d+)/.exec(output) ?? [];
    const inside = await fetch(`http://127.0.0.1:${own}/healthz`);
    const loop = { name: 'sync', count: 2, failures: 1, last_error: { message: 'no stock today' } };
    expect(await inside.json()).toMatchObject({ verdict: 'degraded', pid: program.child.pid, loops: [loop] });
    await vi.waitFor(async () => {
      const guard = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect([guard.status, await guard.json()]).toMatchObject([200, { verdict: 'degraded', loops: [loop] }]);
    }, waiting);
    program.child.kill('SIGUSR2');
    await program.said('blocking');
    await vi.waitFor(async () => {
      const guard = await fetch(`http://127.0.0.1:${port}/livez`);
      expect([guard.status, await guard.json()]).toMatchObject([503, { verdict: 'blocked', live: false }]);
    }, waiting);
    program.child.kill('SIGKILL');
    await program.ended;
  }, 120_000);
});

const waiting = { timeout: 50_000, interval: 100 };
