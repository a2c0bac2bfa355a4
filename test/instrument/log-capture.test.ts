import { expect, it } from 'vitest';
import { levelByRank } from '../../src/instrument/log-levels.ts';
import { createLogRate } from '../../src/instrument/log-rate.ts';

function limited(perSecond: number) {
  const seen = { now: 0, leftOut: 0, told: [] as unknown[] };
  const rate = createLogRate({
    perSecond,
    now: () => seen.now,
    onLeftOut: () => {
      seen.leftOut += 1;
    },
    onSecondOver: (lines) => seen.told.push(lines),
  });
  return { seen, rate };
}

it('lets so many lines of each logger through in a second, and counts the others', () => {
  const { seen, rate } = limited(3);
  const admitted = (logger: string) => Array.from({ length: 5 }, () => rate.admits(logger)).filter(Boolean).length;
  expect([admitted('a'), admitted('b')]).toEqual([3, 3]);
  expect(seen).toMatchObject({ leftOut: 4, told: [] });
  seen.now = 1000;
  rate.tell();
  expect(seen.told).toEqual([
    { logger: 'a', count: 2 },
    { logger: 'b', count: 2 },
  ]);
  expect(admitted('a')).toBe(3);
  rate.tell(true);
  expect(seen.told.at(-1)).toEqual({ logger: 'a', count: 2 });
});

it('keeps no more than a bounded number of loggers apart', () => {
  const { seen, rate } = limited(1);
  for (let index = 0; index < 3000; index += 1) rate.admits(`logger-${index}`);
  expect(seen.leftOut).toBe(1999);
  rate.tell(true);
  expect(seen.told).toEqual([{ logger: '(others)', count: 1999 }]);
});

it.each([
  ['fatal', { fatal: 0, error: 1 }, 'critical'],
  ['audit', { error: 0, audit: 1, info: 2 }, 'info'],
  ['whisper', { error: 0, info: 1, whisper: 2 }, 'info'],
  ['loud', { loud: 0, quiet: 1 }, 'info'],
  ['silly', { error: 0, silly: 6 }, 'debug'],
  ['emerg', { emerg: 0, info: 6 }, 'critical'],
])('finds the level of the name %s by what it means or where it stands', (name, ranks, level) => {
  expect(levelByRank(name, ranks)).toBe(level);
});
