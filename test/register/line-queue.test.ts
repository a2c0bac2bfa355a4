import { describe, expect, it } from 'vitest';
import type { Attempt, ErrorDescriptor } from '../../src/register/error-descriptor.ts';
import { createLineQueue, maxWaitingBytes, maxWaitingLines } from '../../src/register/line-queue.ts';

/** Standard error with room for so many bytes, until somebody reads. */
function narrow(room: number) {
  const pipe = {
    room,
    text: '',
    fate: undefined as Attempt | undefined,
    mayNeedMainThread: () => false,
    attempt(bytes: Uint8Array): Attempt {
      if (pipe.fate !== undefined) return pipe.fate;
      const count = Math.min(pipe.room, bytes.length);
      pipe.room -= count;
      pipe.text += Buffer.from(bytes.subarray(0, count)).toString();
      return { status: 'taken', bytes: count };
    },
  } satisfies ErrorDescriptor & Record<string, unknown>;
  const retries: (() => boolean)[] = [];
  const handed: string[] = [];
  const queue = createLineQueue({ descriptor: pipe, later: (retry) => retries.push(retry) });
  const thread = createLineQueue({ descriptor: pipe, handOver: (line) => handed.push(line) });
  return { pipe, queue, retries, thread, handed };
}

describe('lines on their way to standard error', () => {
  it('are there at once where there is room', () => {
    const { pipe, queue, retries } = narrow(1000);
    queue.write('one');
    queue.write('two');
    expect(pipe.text).toBe('one\ntwo\n');
    expect(retries).toEqual([]);
  });

  it('wait where there is none, in their order, the half written one first', () => {
    const { pipe, queue, retries } = narrow(5);
    queue.write('one');
    queue.write('two');
    queue.write('three');
    expect(pipe.text).toBe('one\nt');
    expect(retries).toHaveLength(1);
    expect(retries[0]?.()).toBe(false);
    pipe.room = 1000;
    expect(retries[0]?.()).toBe(true);
    expect(pipe.text).toBe('one\ntwo\nthree\n');
  });

  it('are retried again where they had to wait once more', () => {
    const { pipe, queue, retries } = narrow(0);
    queue.write('one');
    pipe.room = 4;
    retries[0]?.();
    queue.write('two');
    expect(retries).toHaveLength(2);
  });

  it('are dropped beyond a bound, the oldest first, and a line tells how many', () => {
    const { pipe, queue, retries } = narrow(2);
    for (let index = 0; index < maxWaitingLines + 50; index += 1) queue.write(`line ${index}`);
    pipe.room = Number.POSITIVE_INFINITY;
    retries[0]?.();
    const [first, told, ...others] = pipe.text.trimEnd().split('\n');
    expect(first).toBe('line 0');
    expect(told).toBe('spanledger warning: 50 messages dropped: nobody read standard error.');
    expect(others).toHaveLength(maxWaitingLines - 1);
    expect(others.at(-1)).toBe(`line ${maxWaitingLines + 49}`);
  });

  it('take no more than so many bytes', () => {
    const { pipe, queue, retries } = narrow(0);
    for (let index = 0; index < 50; index += 1) queue.write('x'.repeat(9_999));
    pipe.room = Number.POSITIVE_INFINITY;
    retries[0]?.();
    const [told, ...kept] = pipe.text.trimEnd().split('\n');
    expect(kept).toHaveLength(Math.floor(maxWaitingBytes / 10_000));
    expect(told).toContain(`${50 - kept.length} messages dropped`);
  });

  it('are forgotten where nobody will ever read them', () => {
    const { pipe, queue, retries } = narrow(0);
    queue.write('one');
    pipe.fate = { status: 'closed' };
    expect(retries[0]?.()).toBe(true);
    pipe.fate = undefined;
    pipe.room = 100;
    queue.write('two');
    expect(pipe.text).toBe('two\n');
  });

  it('are handed over by a thread that cannot write without waiting', () => {
    const { pipe, thread, handed } = narrow(0);
    pipe.fate = { status: 'would-wait' };
    thread.write('one');
    thread.write('two');
    expect(handed).toEqual(['one', 'two']);
  });

  it('are waited for at the end, no longer than is allowed', () => {
    const { pipe, queue } = narrow(0);
    queue.write('one');
    const begun = performance.now();
    queue.drain(20);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(20);
    pipe.room = 100;
    queue.drain(60_000);
    expect(pipe.text).toBe('one\n');
  });
});
