import { describe, expect, it } from 'vitest';
import { systemCallText } from '../../src/journal/process-state.ts';
import { parseSystemCall } from '../../src/watchdog/system-call.ts';

const table = { 1: ['write', true], 73: ['flock', true], 202: ['futex', false] } as const;
const read = (text: string, target?: string) =>
  parseSystemCall(text, table, () => {
    if (target === undefined) throw new Error('EACCES');
    return target;
  });

describe('parseSystemCall', () => {
  it.each([
    ['1 0x1 0x7f 0x10 0x0 0x0 0x0 0x7ffc 0x7f12\n', 'pipe:[4711]', 'write to standard output, pipe:[4711]'],
    ['73 0x15 0x2 0x0 0x0 0x0 0x0 0x7ffc 0x7f12\n', '/var/lock/import', 'flock of /var/lock/import'],
    ['1 0x15 0x7f 0x10 0x0 0x0 0x0 0x7ffc 0x7f12\n', undefined, 'write to descriptor 21'],
    ['202 0x7f 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7f12\n', undefined, 'futex'],
    ['999 0x7f 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7f12\n', undefined, 'system call 999'],
  ])('reads %j as the call and what it is made on', (text, target, expected) => {
    const call = read(text, target);
    expect(call && systemCallText(call)).toBe(expected);
  });

  it.each(['running\n', '-1 0x7ffc 0x7f12\n', ''])('sees no call in %j', (text) => {
    expect(read(text, 'x')).toBeUndefined();
  });
});
