import { describe, expect, it } from 'vitest';
import { RandomDigits } from '../../src/recording/random-digits.ts';

describe('random digits', () => {
  it('make ids of their length, none twice', () => {
    const digits = new RandomDigits();
    const ids = Array.from({ length: 2_000 }, (_, index) => digits.take(index % 2 === 0 ? 32 : 16));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id, index) => !/^[0-9a-f]+$/.test(id) || id.length !== (index % 2 === 0 ? 32 : 16))).toEqual([]);
  });

  it('are spread evenly', () => {
    const digits = new RandomDigits();
    const counts = new Map<string, number>();
    for (let index = 0; index < 4_000; index += 1) {
      for (const digit of digits.take(32)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    // 8,000 of each are expected; ten standard deviations are 866.
    for (const count of counts.values()) expect(Math.abs(count - 8_000)).toBeLessThan(866);
  });

  it('are never all zero, which would be no id', () => {
    let calls = 0;
    const random = () => {
      calls += 1;
      return calls <= 96 ? 0 : 0.5;
    };
    expect(new RandomDigits(random).take(16)).toMatch(/[1-9a-f]/);
    expect(calls).toBe(192);
  });
});
