import { describe, expect, it } from 'vitest';
import { clockText, elapsedTimes, judgeClaim, livesOf, type Moment } from '../../src/domain/chronology.ts';

const day = Date.UTC(2026, 0, 31);
const at = (time: string, days = 0) => Date.parse(`1970-01-01T${time}Z`) + day + days * 86_400_000;
const hours = (count: number) => count * 3_600_000;

/** The timeline of the source: one long cycle, the interval, a second cycle that was killed. */
const daemon: readonly Moment[] = [
  { at: at('07:19:50'), process: 'p', kind: 'process_start' },
  { at: at('07:19:50'), process: 'p', kind: 'begin', cycle: 'one' },
  { at: at('16:37:10'), process: 'p', kind: 'end', cycle: 'one' },
  { at: at('19:37:10'), process: 'p', kind: 'begin', cycle: 'two' },
  { at: at('00:23:49', 1), process: 'p', kind: 'process_end' },
];

describe('the timeline of a daemon that was killed', () => {
  const times = elapsedTimes(daemon);
  const [life] = livesOf(daemon, at('12:00:00', 9));

  it('S2.7 tells how long the first cycle took, and how long the daemon waited before the second', () => {
    expect(clockText(times[2]?.sinceBegin ?? 0)).toBe('9:17:20');
    expect(clockText(times[3]?.sinceLast ?? 0)).toBe('3:00:00');
    expect(life?.cycles).toEqual([
      { cycle: 'one', beganAt: at('07:19:50'), endedAt: at('16:37:10'), duration: hours(9) + 1_040_000 },
      { cycle: 'two', beganAt: at('19:37:10'), pauseBefore: hours(3) },
    ]);
  });

  it('S2.7 tells when it was killed: after its last record, and after its start', () => {
    expect(clockText(times[4]?.sinceLast ?? 0)).toBe('4:46:39');
    expect(clockText(times[4]?.sinceStart ?? 0)).toBe('17:03:59');
    expect(life).toMatchObject({
      silence: times[4]?.sinceLast,
      life: times[4]?.sinceStart,
      endedAt: at('00:23:49', 1),
    });
    expect(life?.longestSilence).toBe(times[2]?.sinceBegin);
  });

  it.each([
    [40, 'rejected', 'it did not hang for 40:00:00: it lived for 17:03:59 in all'],
    [12, 'rejected', 'it did not hang for 12:00:00: it was never silent for longer than 9:17:20'],
    [4, 'possible', 'it was silent for up to 9:17:20; silence alone does not prove that it hung'],
  ] as const)('holds the claim of a hang of %d hours against the rows', (claimed, judgement, reason) => {
    expect(judgeClaim(hours(claimed), livesOf(daemon, at('12:00:00', 9)))).toEqual({ judgement, reason });
  });
});

describe('lives of processes', () => {
  it('takes the last sign of life for no end: it lived at least until then, and may have hung after it', () => {
    const lost: Moment[] = [
      { at: 0, process: 'p', kind: 'process_start' },
      { at: hours(1), process: 'p', kind: 'process_lost' },
    ];
    const lives = livesOf(lost, hours(10));
    expect(lives).toMatchObject([{ lastSeenAt: hours(1), life: hours(1), silence: hours(1), mostLife: hours(10) }]);
    expect(lives[0]).not.toHaveProperty('endedAt');
    expect(judgeClaim(hours(5), lives)).toMatchObject({ judgement: 'possible' });
    expect(judgeClaim(hours(11), lives)).toMatchObject({ judgement: 'rejected' });
  });

  it('keeps two processes apart: no time of one is added to the other', () => {
    const moments: Moment[] = [
      { at: 0, process: 'a', kind: 'process_start' },
      { at: 1_000, process: 'b', kind: 'process_start' },
      { at: 5_000, process: 'a', kind: 'record' },
      { at: 6_000, process: 'b', kind: 'record' },
    ];
    expect(elapsedTimes(moments)).toEqual([
      { sinceStart: 0 },
      { sinceStart: 0 },
      { sinceStart: 5_000, sinceLast: 5_000 },
      { sinceStart: 5_000, sinceLast: 5_000 },
    ]);
    expect(livesOf(moments, 7_000).map(({ process, life, silence }) => [process, life, silence])).toEqual([
      ['a', 7_000, 2_000],
      ['b', 6_000, 1_000],
    ]);
  });

  it('tells no pause between cycles that overlap', () => {
    const moments: Moment[] = [
      { at: 0, kind: 'begin', cycle: 'one' },
      { at: 10, kind: 'begin', cycle: 'two' },
      { at: 20, kind: 'end', cycle: 'one' },
    ];
    const [life] = livesOf(moments, 30);
    expect(life?.cycles).toEqual([
      { cycle: 'one', beganAt: 0, endedAt: 20, duration: 20 },
      { cycle: 'two', beganAt: 10 },
    ]);
  });

  it('counts silence until now where the process lives', () => {
    const [life] = livesOf([{ at: 1_000, process: 'a', kind: 'process_start' }], 4_000);
    expect(life).toMatchObject({ life: 3_000, silence: 3_000, longestSilence: 3_000 });
    expect(life).not.toHaveProperty('endedAt');
  });
});

it.each([
  [0, '0:00:00'],
  [999, '0:00:01'],
  [59_400, '0:00:59'],
  [33_440_000, '9:17:20'],
  [144_000_000, '40:00:00'],
  [-1_000, '-0:00:01'],
])('writes %d ms as %s', (millis, text) => {
  expect(clockText(millis)).toBe(text);
});
