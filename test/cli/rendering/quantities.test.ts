import { expect, it } from 'vitest';
import { byteSize, counted, duration, isoTime, percent } from '../../../src/cli/rendering/quantities.ts';

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [999.6, '1.0 s'],
  [3690, '3.7 s'],
  [59_949, '59.9 s'],
  [59_960, '1 min'],
  [250_000, '4 min 10 s'],
  [7_500_000, '2 h 5 min'],
  [33_440_000, '9 h 17 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms reads %s', (millis, text) => {
  expect(duration(millis)).toBe(text);
});

it.each([
  [0, '0 B'],
  [512, '512 B'],
  [1536, '1.5 KB'],
  [314_572_800, '300.0 MB'],
  [1024 ** 3, '1.0 GB'],
])('%d bytes read %s', (bytes, text) => {
  expect(byteSize(bytes)).toBe(text);
});

it('times are UTC in ISO 8601, and a missing one is a dash', () => {
  expect(isoTime(new Date(Date.UTC(2026, 0, 31, 8)))).toBe('2026-01-31T08:00:00.000Z');
  expect(isoTime(null)).toBe('-');
});

it('a share is a percentage, and a missing one is a dash', () => {
  expect(percent(20 / 21)).toBe('95.2 %');
  expect(percent(undefined)).toBe('-');
});

it('counts one thing and several in their own words', () => {
  expect([0, 1, 2].map((count) => counted(count, 'error'))).toEqual(['0 errors', '1 error', '2 errors']);
});
