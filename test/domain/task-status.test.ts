import { describe, expect, it } from 'vitest';
import { isEndedTaskStatus, mayFollow, type TaskPoint, taskStatusNames } from '../../src/domain/task-status.ts';

const at = (status: TaskPoint['status'], attempt = 1): TaskPoint => ({ status, attempt });
const followers = (current: TaskPoint | undefined, attempt: number) =>
  taskStatusNames.filter((status) => mayFollow(current, { status, attempt }));

describe('the status of a step', () => {
  it('3.8 begins with START, or with a lone SUCCESS or FAILED', () => {
    expect(followers(undefined, 1)).toEqual(['START', 'SUCCESS', 'FAILED']);
  });

  it('3.8 goes from START over any number of IN_PROGRESS to SUCCESS or FAILED', () => {
    expect(followers(at('START'), 1)).toEqual(['IN_PROGRESS', 'SUCCESS', 'FAILED']);
    expect(followers(at('IN_PROGRESS'), 1)).toEqual(['IN_PROGRESS', 'SUCCESS', 'FAILED']);
  });

  it('3.8 has nothing after SUCCESS', () => {
    expect([...followers(at('SUCCESS'), 1), ...followers(at('SUCCESS'), 2)]).toEqual([]);
  });

  it('3.8 goes from FAILED to START only with a higher attempt', () => {
    expect(followers(at('FAILED', 2), 3)).toEqual(['START']);
    expect([...followers(at('FAILED', 2), 2), ...followers(at('FAILED', 2), 1)]).toEqual([]);
  });

  it('3.8 does not change the attempt on the way', () => {
    expect(mayFollow(at('START', 1), at('SUCCESS', 2))).toBe(false);
  });

  it('3.8 is ended in SUCCESS and FAILED', () => {
    expect(taskStatusNames.filter(isEndedTaskStatus)).toEqual(['SUCCESS', 'FAILED']);
  });
});
