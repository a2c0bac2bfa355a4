import { describe, expect, it } from 'vitest';
import { optionParsers, parseMoment } from '../../src/cli/option-values.ts';

const now = Date.UTC(2026, 0, 31, 8);

describe('a moment', () => {
  it.each([
    ['90s', '2026-01-31T07:58:30.000Z'],
    ['15m', '2026-01-31T07:45:00.000Z'],
    ['2h', '2026-01-31T06:00:00.000Z'],
    ['7d', '2026-01-24T08:00:00.000Z'],
    ['4w', '2026-01-03T08:00:00.000Z'],
    ['2026-01-30', '2026-01-30T00:00:00.000Z'],
    ['2026-01-30T10:00', '2026-01-30T10:00:00.000Z'],
    ['2026-01-30T10:00:00.5Z', '2026-01-30T10:00:00.500Z'],
    ['2026-01-30T10:00:00+02:00', '2026-01-30T08:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(parseMoment(text, now).toISOString()).toBe(iso);
  });

  it.each(['', 'yesterday', '2', '2026-13-01', '2h30m', '1/2/2026', '-2h'])('%j is refused', (text) => {
    expect(() => parseMoment(text, now)).toThrow('Give an age such as');
  });
});

describe('a count', () => {
  it.each(['1', '20', '1000000'])('%s is taken', (text) => {
    expect(optionParsers.count(text)).toBe(Number(text));
  });

  it.each(['0', '-1', '1.5', '1e3', '1000001', 'all', ''])('%j is refused', (text) => {
    expect(() => optionParsers.count(text)).toThrow('whole number');
  });
});

describe('a level', () => {
  it.each([
    ['ERROR', 'error'],
    ['Warning', 'warning'],
    ['warn', 'warning'],
    ['fatal', 'critical'],
  ])('%s is %s', (text, level) => {
    expect(optionParsers.level(text)).toBe(level);
  });

  it('names the levels when it is none of them', () => {
    expect(() => optionParsers.level('loud')).toThrow('debug, info, warning, error, critical');
  });
});

it('an empty text is refused, so that an unset shell variable does not match everything', () => {
  expect(() => optionParsers.text('')).toThrow('empty');
});
