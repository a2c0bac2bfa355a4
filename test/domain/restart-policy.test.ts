import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { decideRestart, exitCodeOfEnd, type RestartMode, type RunEnd } from '../../src/domain/restart-policy.ts';

const run = (end: Partial<RunEnd>): RunEnd => ({ isStopping: false, livedMillis: 1_000, ...end });
const limits = (mode: RestartMode) => ({ mode, maxRestarts: 2, resetMillis: 60_000 });

describe('a restart', () => {
  it.each<[Partial<RunEnd>, string]>([
    [{ code: 0 }, 'always'],
    [{ code: 1 }, 'on-failure on-stuck always'],
    [{ signal: 'SIGSEGV' }, 'on-failure on-stuck always'],
    [{ signal: 'SIGTERM', stuck: 'stuck: blocked' }, 'on-stuck always'],
    [{ code: 1, isStopping: true }, ''],
  ])('follows %j where the mode is %s', (end, modes) => {
    const restarting = (['never', 'on-failure', 'on-stuck', 'always'] as const).filter(
      (mode) => decideRestart(run(end), 0, limits(mode)).action === 'restart',
    );
    expect(restarting.join(' ')).toBe(modes);
  });

  it('is the last one at the limit, and the reason says so', () => {
    expect(decideRestart(run({ code: 1 }), 1, limits('on-failure'))).toEqual({
      action: 'restart',
      reason: 'exit code 1',
      restarts: 2,
    });
    expect(decideRestart(run({ code: 1 }), 2, limits('on-failure'))).toEqual({
      action: 'give-up',
      reason: 'exit code 1, after 2 restarts in a row',
    });
  });

  it('begins a new row when the program has lived long enough', () => {
    const end = run({ signal: 'SIGKILL', livedMillis: 60_000 });
    expect(decideRestart(end, 2, limits('on-failure'))).toMatchObject({ action: 'restart', restarts: 1 });
  });

  it('ends with the exit code of the program, or with 128 and the signal', () => {
    expect(exitCodeOfEnd({ code: 7 }, constants.signals)).toBe(7);
    expect(exitCodeOfEnd({ signal: 'SIGKILL' }, constants.signals)).toBe(137);
  });
});
