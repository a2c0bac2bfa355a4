import { trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { importSession, step, waitFor } from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { giveStopNotice } from '../../src/telemetry/stop-notice.ts';
import { type Captured, listen, thrownBy, useSdk } from './captured-events.ts';

afterEach(() => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('spanledger.stop-notice.v1')];
  vi.useRealTimers();
});

/** Unit, end of the wait and its reason, of every event that tells of one; the end as what is left at the time of the event. */
function waitsOf(captured: Captured): readonly unknown[] {
  return captured.all
    .filter(({ attributes }) => attributes[attribute.waitingUntil] !== undefined)
    .map(({ name, at, attributes, unitAttributes }) => [
      name,
      unitAttributes[attribute.unit],
      unitAttributes[attribute.stepName],
      Math.max(0, Math.round((Number(attributes[attribute.waitingUntil]) - at) / 1_000_000)),
      attributes[attribute.waitReason],
    ]);
}

describe('a wait', () => {
  test('S2.32 says on the step around it until when it waits and why, and when it is over', async () => {
    useSdk();
    const captured = listen();
    await importSession({ id: 's' }, async (session) => {
      await session.item({ id: 'i' }, (item) =>
        item.step('call', async () => {
          expect(await waitFor({ milliseconds: 20 }, { reason: 'rate limit, password=hunter2' })).toBe('elapsed');
        }),
      );
    });
    expect(waitsOf(captured)).toEqual([
      ['task.wait.begin', 'step', 'call', 0, 'rate limit, password=[redacted]'],
      ['task.wait.end', 'step', 'call', 0, undefined],
    ]);
    const [begin, end] = captured.all.filter(({ name }) => name.startsWith('task.wait.'));
    expect(Number(begin?.attributes[attribute.waitingUntil])).toBeGreaterThan(begin?.at ?? 0);
    expect(end?.attributes[attribute.waitingUntil]).toBe(end?.at);
  });

  test('stands on the item or session where no step is open, also under spans of the host', async () => {
    useSdk();
    const captured = listen();
    const pause = () => waitFor({ milliseconds: 2 });
    await importSession({ id: 's' }, async (session) => {
      await pause();
      await session.waitFor({ milliseconds: 2 });
      await session.item({ id: 'i' }, async (item) => {
        await pause();
        await item.waitFor(new Date(Date.now() + 100));
        await trace.getTracer('host').startActiveSpan('GET', (span) => pause().finally(() => span.end()));
      });
      await session.step('one', (one) => one.step('two', pause));
    });
    const units = waitsOf(captured).map((wait) => (wait as string[]).slice(1, 3).join(' '));
    expect(units.filter((_, index) => index % 2 === 0)).toEqual([
      'session import.session',
      'session import.session',
      'item import.item',
      'item import.item',
      'item import.item',
      'step two',
    ]);
  });

  test('outside of everything is a step of its own, and inside a step is the step’s', async () => {
    const sdk = useSdk();
    await waitFor({ milliseconds: 2 }, { task: 'sync', reason: 'next cycle' });
    await step('poll', () => waitFor({ milliseconds: 2 }));
    expect(sdk.spans().map(({ name }) => name)).toEqual(['task.step wait', 'task.step poll']);
    expect(sdk.spans()[0]?.attributes[attribute.taskName]).toBe('sync');
  });

  test('of several at a time, the one that ends last is the unit’s', async () => {
    useSdk();
    const captured = listen();
    const stop = new AbortController();
    await step('many', async () => {
      const short = waitFor({ milliseconds: 5 }, { reason: 'short' });
      const long = waitFor({ hours: 1 }, { reason: 'long', signal: stop.signal });
      await short;
      stop.abort();
      expect(await long).toBe('stopped');
    });
    const hours = (seconds: unknown) => Math.round(Number(seconds) / 3600);
    const waits = waitsOf(captured).map((wait) => (wait as unknown[]).slice(3));
    expect(waits.map(([seconds, reason]) => [hours(seconds), reason])).toEqual([
      [0, 'short'],
      [1, 'long'],
      [1, 'long'],
      [0, undefined],
    ]);
  });

  test('ends early when its signal, or the signal of its session, aborts', async () => {
    useSdk();
    const stop = new AbortController();
    const outcomes: unknown[] = [];
    const outcome = await importSession({ id: 's', signal: stop.signal }, async (session) => {
      setTimeout(() => stop.abort(new Error('enough')), 5);
      outcomes.push(await session.step('inner', () => waitFor({ days: 30 })));
      outcomes.push(await waitFor({ days: 30 }, { signal: AbortSignal.abort() }));
    });
    expect(outcomes).toEqual(['stopped', 'stopped']);
    expect(outcome.state).not.toBe('failed');
  });

  test('ends early when the process is told to stop, and later ones take a second at most', async () => {
    useSdk();
    setTimeout(giveStopNotice, 5);
    expect(await waitFor({ days: 30 })).toBe('stopped');
    const begun = performance.now();
    expect(await waitFor({ days: 30 })).toBe('stopped');
    // Of thirty days. A machine that is busy takes longer than the second.
    expect(performance.now() - begun).toBeLessThan(15_000);
  });

  test('listens to signals only beside a listener of the host, and only while it waits', async () => {
    useSdk();
    const before = process.listenerCount('SIGTERM');
    const alone = new AbortController();
    const unheard = waitFor({ days: 1 }, { signal: alone.signal });
    expect(process.listenerCount('SIGTERM')).toBe(before === 0 ? 0 : before + 1);
    alone.abort();
    await unheard;
    const host = () => undefined;
    process.on('SIGTERM', host);
    const heard = waitFor({ days: 1 });
    process.emit('SIGTERM');
    expect(await heard).toBe('stopped');
    process.removeListener('SIGTERM', host);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  test('lasts longer than a timer can, and keeps its end when timers sleep', async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
    const captured = listen();
    const clock = { now: () => Date.now() * 1_000 };
    let outcome: unknown;
    const session = importSession({ id: 's', clock }, async (run) => {
      outcome = await run.waitFor({ days: 40 });
    });
    await vi.advanceTimersByTimeAsync(30_000);
    vi.setSystemTime(Date.UTC(2026, 1, 10, 0, 0, 1));
    await vi.advanceTimersByTimeAsync(1_000);
    await session;
    expect(outcome).toBe('elapsed');
    expect(captured.named('task.wait.end')[0]?.attributes[attribute.message]).toBe('its wait is over');
  });

  test('of some seconds takes no longer where the clock is set back meanwhile', async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
    const clock = { now: () => Date.now() * 1_000 };
    let outcome: unknown;
    const session = importSession({ id: 's', clock }, async (run) => {
      outcome = await run.waitFor({ seconds: 10 });
    });
    await vi.advanceTimersByTimeAsync(2_000);
    vi.setSystemTime(Date.UTC(2025, 11, 31));
    await vi.advanceTimersByTimeAsync(8_000);
    await session;
    expect(outcome).toBe('elapsed');
  });

  test('of no time is none, and of something else an error', async () => {
    useSdk();
    const captured = listen();
    expect(await waitFor({ seconds: 0 })).toBe('elapsed');
    expect(await waitFor(new Date(0))).toBe('elapsed');
    expect(captured.named('task.wait.begin')).toHaveLength(0);
    for (const time of [{}, { seconds: -1 }, { seconds: Number.NaN }, new Date(Number.NaN)]) {
      expect(await thrownBy(() => waitFor(time))).toMatchObject({ code: 'SPANLEDGER_INVALID_DURATION' });
    }
  });
});

describe('what is said of a duration', () => {
  test('S2.10 stands on sessions, items, steps and batches from their start', async () => {
    const sdk = useSdk();
    const parts = [{ part: 'batches', count: 538, each: { seconds: 12 } }];
    await importSession({ id: 's', expected: parts }, async (session) => {
      const expectation = () => ({ stuckAfter: { seconds: 9 } });
      await session.each(['i'], { id: (id) => id, expectation }, (item) =>
        item.step('x', () => undefined, { limit: { minutes: 1 } }),
      );
      await session.batch('b', { index: 0, expected: { seconds: 12 } }, () => undefined);
    });
    const told = sdk.spans().map(({ attributes }) => JSON.parse(String(attributes[attribute.expectation] ?? '{}')));
    expect(told).toEqual([
      { limit_ms: 60_000 },
      { stuck_after_ms: 9_000 },
      { expected_ms: 12_000, source: 'caller' },
      {
        expected_ms: 6_456_000,
        source: 'volumes',
        parts: [{ part: 'batches', count: 538, each_ms: 12_000, ms: 6_456_000 }],
      },
    ]);
  });
});
