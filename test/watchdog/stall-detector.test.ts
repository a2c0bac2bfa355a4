import { describe, expect, it } from 'vitest';
import { type Finding, StallDetector } from '../../src/watchdog/stall-detector.ts';

const limits = { thresholdMillis: 1_000, lookMillis: 250 };

/** Looks every 250 ms from 0 to `until`, with the ticks that the main thread made. */
function watch(detector: StallDetector, from: number, until: number, tickAt: (now: number) => number): Finding[] {
  const found: Finding[] = [];
  for (let now = from; now <= until; now += limits.lookMillis) {
    found.push(...detector.look({ now, uptime: now, tickAt: tickAt(now) }));
  }
  return found;
}

const alive = (now: number) => now - 10;

describe('the stall detector', () => {
  it('finds nothing while the event loop turns', () => {
    expect(watch(new StallDetector(limits), 10_000, 20_000, alive)).toEqual([]);
  });

  it('gives a program that is still loading ten times as long, and asks at doubling times whether it is', () => {
    const detector = new StallDetector(limits);
    const look = (now: number) => detector.look({ now, uptime: now, tickAt: 10_000, isStarting: true });
    const found = Array.from({ length: 41 }, (_, count) => look(10_000 + count * 250));
    expect(found.flat()).toEqual(Array.from({ length: 4 }, () => ({ type: 'probe', since: 10_000 })));
    expect(look(20_250)).toEqual([{ type: 'begin', since: 10_000 }]);
  });

  it('finds at once that a program is blocked which turns out to have loaded', () => {
    const detector = new StallDetector(limits);
    detector.look({ now: 11_250, uptime: 11_250, tickAt: 10_000, isStarting: true });
    const loaded = detector.look({ now: 11_500, uptime: 11_500, tickAt: 10_000, isStarting: false });
    expect(loaded).toEqual([{ type: 'begin', since: 10_000 }]);
  });

  it('asks anew of each turn of the event loop whether the program has loaded', () => {
    const detector = new StallDetector(limits);
    const look = (now: number, tickAt: number) => detector.look({ now, uptime: now, tickAt, isStarting: true });
    const found = [look(11_250, 10_000), look(11_500, 11_400), look(12_250, 11_400), look(12_500, 11_400)];
    const asked = (since: number) => [{ type: 'probe', since }];
    expect(found).toEqual([asked(10_000), [], [], asked(11_400)]);
  });

  it('finds a stall once no tick came for longer than the threshold, looks again at doubling times, and finds its end', () => {
    const detector = new StallDetector(limits);
    watch(detector, 10_000, 20_000, alive);
    const found = watch(detector, 20_250, 40_000, (now) => (now < 38_000 ? 20_000 : now));
    expect(found).toEqual([
      { type: 'begin', since: 20_000 },
      ...Array.from({ length: 4 }, () => ({ type: 'sample', since: 20_000 })),
      { type: 'end', since: 20_000, durationMillis: 18_000 },
    ]);
    expect(detector.since).toBeUndefined();
  });

  it('takes a time in which it did not run itself for a pause, and gives the main thread the whole threshold after it', () => {
    const detector = new StallDetector(limits);
    watch(detector, 10_000, 20_000, alive);
    expect(detector.look({ now: 50_000, uptime: 50_000, tickAt: 19_990 })).toEqual([
      { type: 'pause', since: 20_000, durationMillis: 29_750 },
    ]);
    expect(watch(detector, 50_250, 51_000, () => 19_990)).toEqual([]);
    expect(watch(detector, 51_250, 51_250, () => 19_990)).toEqual([{ type: 'begin', since: 50_000 }]);
  });

  it('finds a pause by the time since boot where the clock stood still with the machine', () => {
    const detector = new StallDetector(limits);
    detector.look({ now: 10_000, uptime: 10_000, tickAt: 9_990 });
    expect(detector.look({ now: 10_250, uptime: 3_610_250, tickAt: 10_240 })).toEqual([
      { type: 'pause', since: 10_000, durationMillis: 3_600_000 },
    ]);
  });

  it('ends what is open when the process ends, once', () => {
    const detector = new StallDetector(limits);
    watch(detector, 10_000, 12_000, () => 10_000);
    expect(detector.finish(13_000)).toEqual({ type: 'end', since: 10_000, durationMillis: 3_000 });
    expect(detector.finish(13_000)).toBeUndefined();
  });

  it('forgets a stall while a debugger is attached', () => {
    const detector = new StallDetector(limits);
    watch(detector, 10_000, 12_000, () => 10_000);
    detector.forget(12_000);
    expect(detector.since).toBeUndefined();
    expect(watch(detector, 12_250, 13_000, () => 10_000)).toEqual([]);
  });
});
