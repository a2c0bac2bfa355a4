import { expect, test } from 'vitest';
import { createSteadyTime } from '../../src/shipping/clock.ts';

test('steady time goes on where the clock of the machine is set back, and follows it where it is set forward', () => {
  let [wall, elapsed] = [1_000_000, 50];
  const now = createSteadyTime(
    () => wall,
    () => elapsed,
  );
  const pass = (millis: number, step = 0) => {
    wall += millis + step;
    elapsed += millis;
    return now() / 1000;
  };
  expect(pass(1_000)).toBe(1_001_000);
  expect(pass(1_000, -3_600_000)).toBe(1_002_000);
  expect(pass(10_000)).toBe(1_012_000);
  expect(pass(0, 7_200_000)).toBe(1_012_000 + 3_600_000);
});
