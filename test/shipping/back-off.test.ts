import { expect, test } from 'vitest';
import { backOffMillis } from '../../src/shipping/back-off.ts';

const limits = { firstMillis: 250, maxMillis: 30_000 };
const pauses = (random: number) =>
  Array.from({ length: 9 }, (_, index) => backOffMillis(index + 1, { ...limits, random: () => random }));

test('pauses double from the first to the longest', () => {
  expect(pauses(1)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('chance takes away up to half of a pause, so many shippers do not come back together', () => {
  expect(pauses(0)).toEqual(pauses(1).map((pause) => pause / 2));
});

test('the longest pause holds however often it fails', () => {
  expect(backOffMillis(1_000_000, { ...limits, random: () => 1 })).toBe(30_000);
});
