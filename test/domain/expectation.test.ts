import { describe, expect, it } from 'vitest';
import { anomalyOf, durationMillis, expectationOf, expectedEnd, historyOf } from '../../src/domain/expectation.ts';

const hour = 3_600_000;
const volumes = [
  { part: 'batches', count: 538, each: { seconds: 12 } },
  { part: 'items', count: 10_772, each: { seconds: 0.5 } },
  { part: 'rest', each: { hours: 0.5 } },
];

describe('an expectation', () => {
  it('S2.10 is computed from volumes, and its parts are kept', () => {
    const expectation = expectationOf({ expected: volumes });
    expect(expectation).toEqual({
      expected_ms: 13_642_000,
      source: 'volumes',
      parts: [
        { part: 'batches', count: 538, each_ms: 12_000, ms: 6_456_000 },
        { part: 'items', count: 10_772, each_ms: 500, ms: 5_386_000 },
        { part: 'rest', count: 1, each_ms: 1_800_000, ms: 1_800_000 },
      ],
    });
    expect(((expectation?.expected_ms ?? 0) / hour).toFixed(1)).toBe('3.8');
  });

  it('is told outright, with limits beside it', () => {
    const options = { expected: { minutes: 5 }, limit: { hours: 1, minutes: 30 }, stuckAfter: { milliseconds: 250 } };
    expect(expectationOf(options)).toEqual({
      expected_ms: 300_000,
      source: 'caller',
      limit_ms: 5_400_000,
      stuck_after_ms: 250,
    });
  });

  it.each([
    {},
    { expected: { seconds: -1 } },
    { limit: { seconds: Number.NaN } },
    { expected: [] },
    { expected: [...volumes, { part: 'more', count: Number.POSITIVE_INFINITY, each: { seconds: 1 } }] },
    { expected: 5 as unknown as { seconds: number } },
  ])('is none where nothing usable is told: %j', (options) => {
    expect(expectationOf(options)).toBeUndefined();
  });

  it('adds the parts of a duration up', () => {
    expect(durationMillis({ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 })).toBe(90_061_001);
    expect(durationMillis({})).toBeUndefined();
  });
});

describe('the end that is expected', () => {
  const history = historyOf([40_000, 41_000, 42_000, 43_000, 44_000]);

  it('S2.10 comes from volumes first, and says so', () => {
    const expectation = expectationOf({ expected: volumes });
    expect(expectedEnd({ elapsedMillis: 1, done: 1, total: 2, expectation, history })).toEqual({
      millis: 13_642_000,
      source: 'volumes',
      basis: '538 batches x 12 s + 10772 items x 0.5 s + rest 1800 s',
    });
  });

  it('S2.28 goes on at the rate until now, else as earlier runs did', () => {
    expect(expectedEnd({ elapsedMillis: 3_690, done: 3, total: 60, history })).toEqual({
      millis: 73_800,
      source: 'rate',
      basis: '0.81 a second, 3 of 60 done',
    });
    expect(expectedEnd({ elapsedMillis: 3_690, done: 0, total: 60, history })).toEqual({
      millis: 42_000,
      source: 'history',
      basis: 'median 42 s, p95 43.8 s of the last 5 runs',
    });
    expect(expectedEnd({ elapsedMillis: 3_690 })).toBeUndefined();
  });
});

describe('an anomaly', () => {
  it('S2.3 is a statement with numbers: actual against expected', () => {
    const expectation = expectationOf({ expected: { hours: 3.3 } });
    expect(anomalyOf({ elapsedMillis: 9 * hour + 17 * 60_000, expectation })).toBe(
      '2.81 x the 11880 s expected of it (set by the caller)',
    );
    expect(anomalyOf({ elapsedMillis: 40 * hour, expectation })).toMatch(/^12\.1 x/);
    expect(anomalyOf({ elapsedMillis: 4 * hour, expectation })).toBeUndefined();
  });

  it('compares with its own median once there are five runs', () => {
    const history = historyOf(Array.from({ length: 20 }, () => 1_000));
    expect(anomalyOf({ elapsedMillis: 3_200, history })).toBe('3.2 x its median of the last 20 runs (1 s)');
    expect(anomalyOf({ elapsedMillis: 1_900, history })).toBeUndefined();
    expect(anomalyOf({ elapsedMillis: 90_000, history: historyOf([1, 1, 1, 1]) })).toBeUndefined();
  });
});
