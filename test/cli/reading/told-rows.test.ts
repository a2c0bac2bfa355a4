import { expect, it } from 'vitest';
import { createToldRows } from '../../../src/cli/reading/told-rows.ts';

it('takes each row that was told once, and rows that are alike as often as they were told', () => {
  const told = createToldRows<string>((row) => row);
  for (const row of ['a', 'b', 'b']) told.add(row);
  expect(['a', 'a', 'b', 'b', 'b', 'c'].map((row) => told.take(row))).toEqual([true, false, true, true, false, false]);
});

it('forgets those that were told first where too many never come again', () => {
  const told = createToldRows<number>(String);
  for (let row = 0; row <= 100_000; row += 1) told.add(row);
  expect([told.take(0), told.take(1), told.take(100_000)]).toEqual([false, true, true]);
});
