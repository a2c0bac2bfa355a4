import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { everySoOften } from '../../src/register/every-so-often.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('waits for a turn that takes longer than the pause, and goes on after one that fails', async () => {
  let begun = 0;
  let fail: (error: Error) => void = () => undefined;
  const timer = everySoOften(1_000, () => {
    begun += 1;
    return new Promise((_, reject) => {
      fail = reject;
    });
  });
  await vi.advanceTimersByTimeAsync(3_500);
  expect(begun).toBe(1);
  fail(new Error('away'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toBe(2);
  clearInterval(timer);
});
