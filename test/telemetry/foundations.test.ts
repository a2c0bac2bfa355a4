import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createSystemClock, toHrTime } from '../../src/telemetry/clock.ts';
import { inventSpanContext, parseId, setWorkerName, workerName } from '../../src/telemetry/identity.ts';
import { scopeVersion } from '../../src/telemetry/instrumentation-scope.ts';
import { SessionTally } from '../../src/telemetry/session-tally.ts';

describe('the clock', () => {
  test('tells integer microseconds of the wall clock', () => {
    const before = Date.now();
    const now = createSystemClock().now();
    expect(Number.isSafeInteger(now)).toBe(true);
    expect(now / 1_000).toBeGreaterThan(before - 1_000);
    expect(now / 1_000).toBeLessThan(Date.now() + 1_000);
  });

  test('follows the wall clock when that was set', () => {
    const original = Date.now;
    Date.now = () => original() - 3_600_000;
    const clock = createSystemClock();
    try {
      const before = Date.now();
      const now = clock.now();
      expect(now / 1_000).toBeGreaterThan(before - 1_000);
      expect(now / 1_000).toBeLessThan(Date.now() + 1_000);
    } finally {
      Date.now = original;
    }
  });

  test.each([
    [1_700_000_000_123_456, [1_700_000_000, 123_456_000]],
    [0, [0, 0]],
    [999_999, [0, 999_999_000]],
  ])('gives %i microseconds to OpenTelemetry without loss', (micros, time) => {
    expect(toHrTime(micros)).toEqual(time);
  });
});

describe('identity', () => {
  test('invents ids that are valid, differ, and stay in the trace of the parent', () => {
    const ids = Array.from({ length: 2_000 }, () => inventSpanContext(undefined));
    expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(2_000);
    for (const { traceId, spanId } of ids) {
      expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    }
    const parent = inventSpanContext(undefined);
    expect(inventSpanContext(parent)).toMatchObject({ traceId: parent.traceId });
    expect(inventSpanContext(parent).spanId).not.toBe(parent.spanId);
  });

  test('takes ids of up to 1,024 bytes, whatever is in them', () => {
    const odd = 'a\nb\uFFFDc/../ä🙂';
    expect(parseId('item', odd)).toBe(odd);
    expect(parseId('item', 'x'.repeat(1_024))).toHaveLength(1_024);
    expect(() => parseId('item', 'x'.repeat(1_025))).toThrow(/1025 bytes/);
    expect(() => parseId('item', '🙂'.repeat(257))).toThrow(/1028 bytes/);
  });

  test('names the worker by host and pid, unless it has a name', () => {
    expect(workerName()).toMatch(new RegExp(`:${process.pid}$`));
    setWorkerName('instance-7');
    expect(workerName()).toBe('instance-7');
    setWorkerName(undefined);
  });
});

test('the version of the instrumentation scope is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(scopeVersion).toBe(version);
});

describe('the tally', () => {
  test('always sums to its total, whatever was expected and whatever came', () => {
    const tally = new SessionTally(10);
    tally.expect(4);
    tally.add('pending');
    tally.move('pending', 'analyzing');
    tally.met();
    const sums = (): number => {
      const { pending, processing, imported, skipped, failed } = tally.counts();
      return pending + processing + imported + skipped + failed;
    };
    expect(tally.counts()).toMatchObject({ total: 10, pending: 9, processing: 1 });
    expect(sums()).toBe(10);
    tally.move('analyzing', 'missing');
    tally.close();
    expect(tally.counts()).toMatchObject({ total: 1, pending: 0, failed: 1, missing: 1 });
    expect(sums()).toBe(1);
  });
});
