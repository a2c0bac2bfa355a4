import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { type HostFunction, recordCalls } from '../../src/instrument/recorded-call.ts';

/** A function whose calls leave a list of how they ended. */
function followed(fn: (...args: never[]) => unknown) {
  const ends: unknown[] = [];
  const wrapped = recordCalls(fn as HostFunction, () => ({
    context: ROOT_CONTEXT,
    returned: (result) => ends.push(['returned', result]),
    threw: (error) => ends.push(['threw', error]),
  }));
  return { ends, wrapped };
}

describe('recordCalls', () => {
  it('keeps name, length, text, this and what new makes', () => {
    function Point(this: { x?: number }, x: number, _y: number) {
      this.x = x;
    }
    const { ends, wrapped } = followed(Point);
    expect([wrapped.name, wrapped.length]).toEqual(['Point', 2]);
    const made = Reflect.construct(wrapped, [1, 2]);
    expect(made).toBeInstanceOf(Point);
    const self = {};
    wrapped.call(self, 7, 8);
    expect(self).toEqual({ x: 7 });
    expect(ends).toEqual([['returned', undefined]]);
  });

  it('tells of a throw, and throws it', () => {
    const fault = new Error('no');
    const { ends, wrapped } = followed(() => {
      throw fault;
    });
    expect(() => wrapped()).toThrow(fault);
    expect(ends).toEqual([['threw', fault]]);
  });

  it('ends with the promise, and answers the same promise with the same one', async () => {
    const kept = Object.assign(Promise.resolve(5), { cancel: () => 'canceled' });
    const { ends, wrapped } = followed(() => kept);
    const [one, two] = [wrapped(), wrapped()] as [typeof kept, typeof kept];
    expect(one).toBe(two);
    expect(one.cancel()).toBe('canceled');
    expect(ends).toEqual([]);
    expect(await one).toBe(5);
    expect(ends[0]).toEqual(['returned', 5]);
  });

  it('does not begin a query that begins when it is awaited', async () => {
    let begun = 0;
    class Query {
      // biome-ignore lint/suspicious/noThenProperty: as query builders have it
      then(ok: (rows: number) => unknown): unknown {
        begun += 1;
        return ok(3);
      }
    }
    const { ends, wrapped } = followed(() => new Query());
    const query = wrapped() as Query;
    expect([query instanceof Query, begun]).toEqual([true, 0]);
    expect(await query).toBe(3);
    expect([begun, ends]).toEqual([1, [['returned', 3]]]);
  });

  it('ends with the last value of a generator, also when the loop is left', () => {
    const { ends, wrapped } = followed(function* () {
      yield 1;
      yield 2;
    });
    for (const value of wrapped() as Iterable<number>) if (value === 1) break;
    expect(ends).toEqual([['returned', undefined]]);
    expect([...(wrapped() as Iterable<number>)]).toEqual([1, 2]);
    expect(ends).toHaveLength(2);
  });

  it('wraps once', () => {
    const { wrapped } = followed(() => 1);
    expect(recordCalls(wrapped, () => undefined)).toBe(wrapped);
  });
});
