import { describe, expect, it } from 'vitest';
import {
  type ComparableRun,
  compareRuns,
  durationRatio,
  historyOfRuns,
  parallelismOf,
  sameVersion,
  versionChange,
} from '../../src/domain/run-comparison.ts';

const hours = 3_600_000;
const run = (more: Partial<ComparableRun> = {}): ComparableRun => ({
  id: 'a',
  outcome: 'imported',
  durationMillis: 9 * hours,
  steps: ['fetch', 'save'],
  items: 100,
  failed: 0,
  parallelism: 1,
  ...more,
});

describe('compareRuns', () => {
  it('S2.34 tells duration, parallelism and batch size of one run beside another', () => {
    const faster = run({ durationMillis: 3 * hours, parallelism: 4, batchSize: 40, version: '2.0.0' });
    expect(compareRuns(faster, run({ batchSize: 20, version: '1.0.0' }))).toEqual([
      'version 2.0.0 instead of 1.0.0',
      '0.33 x its duration',
      'parallelism 4 instead of 1',
      'batch size 40 instead of 20',
    ]);
  });

  it('S2.5 tells which steps were not reached, and another outcome', () => {
    const stopped = run({ outcome: 'failed', steps: ['fetch', 'repair'], failed: 7 });
    expect(compareRuns(stopped, run())).toEqual([
      '1 x its duration',
      'failed instead of imported',
      'did not reach save',
      'reached repair as well',
      'failed items 7 instead of 0',
    ]);
  });

  it('compares no duration with one that is not known', () => {
    const { durationMillis: _, ...open } = run({ outcome: 'open' });
    expect(compareRuns(open, run())).toEqual(['open instead of imported']);
  });
});

describe('versionChange', () => {
  const good = (id: string, version?: string) => run({ id, ...(version !== undefined && { version }) });
  const bad = (id: string, version: string) => run({ id, version, outcome: 'failed' });

  it('S2.5 says that a run is the first of its version, and which version went well last', () => {
    expect(versionChange('2', [bad('c', '1.5'), good('b', '1'), good('a', '0')], 50)).toEqual({
      version: '2',
      isFirst: true,
      lastSuccess: { id: 'b', version: '1' },
      text: 'first run of version 2; last success was version 1 (b)',
    });
  });

  it('counts the runs of a version that has not gone well yet', () => {
    const change = versionChange('2', [bad('c', '2'), bad('b', '2'), good('a', '1')], 50);
    expect(change).toMatchObject({ isFirst: false, text: 'run 3 of version 2; last success was version 1 (a)' });
  });

  it('says how far it has looked where there may be more', () => {
    const text = 'first run of version 2 among the last 3; last success was version 1 (b)';
    expect(versionChange('2', [good('b', '1'), good('a', '1')], 2)?.text).toBe(text);
  });

  it.each([
    ['the same version', '1', [good('a', '1')]],
    ['an unknown version', undefined, [good('a', '1')]],
    ['a success of an unknown version', '2', [good('b'), good('a', '1')]],
    ['no success before', '2', [bad('a', '1')]],
    ['no run before', '2', []],
  ])('says nothing of %s', (_what, version, earlier) => {
    expect(versionChange(version, earlier, 50)).toBeUndefined();
  });
});

it.each([
  ['nothing', [], 0],
  [
    'one behind the other',
    [
      { from: 0, to: 5 },
      { from: 5, to: 9 },
    ],
    1,
  ],
  [
    'two at once',
    [
      { from: 0, to: 5 },
      { from: 4, to: 9 },
    ],
    2,
  ],
  ['one that is open and those after it', [{ from: 0 }, { from: 4, to: 9 }, { from: 5, to: 6 }], 3],
])('counts how many overlap at most: %s', (_what, intervals, most) => {
  expect(parallelismOf(intervals)).toBe(most);
});

it('S2.3 tells actual by expected duration: 9 h 17 min of 3.3 h, and the claim of 40 h', () => {
  const expected = { millis: 3.3 * hours, source: 'caller', basis: 'set by the caller' };
  expect(durationRatio(33_440_000, expected)?.ratio).toBeCloseTo(2.81, 2);
  expect(durationRatio(40 * hours, expected)?.ratio).toBeCloseTo(12.1, 1);
  expect(durationRatio(hours, undefined)).toBeUndefined();
  expect(durationRatio(hours, { ...expected, millis: 0 })).toBeUndefined();
});

it('learns only from runs that ended well, and of the same version where it is known', () => {
  const runs = [run({ version: '1' }), run({ durationMillis: 1, outcome: 'failed' }), run({ durationMillis: hours })];
  expect(historyOfRuns(runs)).toMatchObject({ runs: 2, medianMillis: 5 * hours });
  expect(sameVersion(runs, '1')).toHaveLength(1);
  expect(sameVersion(runs, undefined)).toHaveLength(3);
});
