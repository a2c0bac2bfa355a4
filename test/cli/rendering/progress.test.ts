import { expect, it } from 'vitest';
import { createProgress } from '../../../src/cli/rendering/progress.ts';
import { recordedTerminal } from '../recorded-terminal.ts';

const mebibyte = 1024 ** 2;

it('away from a terminal long work tells of itself in lines, every tenth or every ten seconds', async () => {
  const { terminal, output, errors } = recordedTerminal();
  let now = 0;
  const progress = await createProgress(terminal, () => now);
  const steps = [
    [500, 30],
    [1_000, 31],
    [1_500, 35],
    [2_000, 42],
    [12_000, 43],
    [12_500, 100],
  ] as const;
  for (const [at, done] of steps) {
    now = at;
    progress.show(done * mebibyte, 100 * mebibyte, done * 1000);
  }
  progress.stop();
  expect(errors().split('\n')).toEqual([
    'shipping 31 % | 31.0 MB of 100.0 MB | 31000 records',
    'shipping 42 % | 42.0 MB of 100.0 MB | 42000 records',
    'shipping 43 % | 43.0 MB of 100.0 MB | 43000 records',
    '',
  ]);
  expect(output()).toBe('');
});

it('what is done in a moment says nothing', async () => {
  const { terminal, errors } = recordedTerminal();
  const progress = await createProgress(terminal, () => 0);
  progress.show(50, 100, 1);
  progress.show(100, 100, 2);
  progress.stop();
  expect(errors()).toBe('');
});
