import { describe, expect, it } from 'vitest';
import { causeChain, describeThrown } from '../../src/domain/thrown.ts';

describe('the description of a thrown value', () => {
  it('keeps code, message and stack of an error', () => {
    const error = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect(describeThrown(error)).toEqual({ type: 'ENOENT', message: 'no such file', stack: error.stack });
  });

  it('names the class where there is no code', () => {
    const { type, message } = describeThrown(new RangeError('too far'));
    expect([type, message]).toEqual(['RangeError', 'RangeError: too far']);
  });

  it('has no stack where none was thrown', () => {
    expect(describeThrown('just text')).toEqual({ type: 'string', message: 'just text' });
  });

  it('keeps the stacks of the causes', () => {
    const cause = new Error('inner');
    expect(describeThrown(new Error('outer', { cause })).stack).toContain(`\nCaused by: ${cause.stack}`);
  });

  it('is bounded for messages and stacks of any length', () => {
    const huge = new Error('x'.repeat(10_000_000));
    const { message, stack } = describeThrown(huge);
    expect(message.length).toBeLessThan(2_100);
    expect(stack?.length).toBeLessThan(65_000);
  });

  it('holds each error of a circle once', () => {
    const first = new Error('first');
    const second = new AggregateError([first], 'second', { cause: first });
    first.cause = second;
    expect(causeChain(first)).toEqual([first, second]);
  });

  it('walks at most sixty-four errors of a chain', () => {
    let error = new Error('0');
    for (let depth = 1; depth < 1000; depth += 1) error = new Error(String(depth), { cause: error });
    expect(causeChain(error)).toHaveLength(64);
  });
});
