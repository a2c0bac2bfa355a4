import { sensitiveHeaders } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { headerIn, isHeaders, withHeaders } from '../../src/instrument/http2-headers.ts';

const trace = { traceparent: 'ours' };

describe('headers of http2', () => {
  it('are found whatever case their name has, by name and in a list', () => {
    expect(headerIn({ 'X-One': ['a', 'b'] }, 'x-one')).toBe('a');
    expect(headerIn(['X-One', 'a', 'x-two', 2], 'x-two')).toBe('2');
    expect(headerIn({ 'x-one': undefined }, 'x-one')).toBeUndefined();
    expect(headerIn(undefined, 'x-one')).toBeUndefined();
  });

  it('get others behind their own, in the place of those of the same names', () => {
    const given = { ':path': '/', Traceparent: 'theirs', 'x-one': 'a', [sensitiveHeaders]: ['x-one'] };
    const all = withHeaders(given, trace);
    expect(Object.entries(all)).toEqual([
      [':path', '/'],
      ['x-one', 'a'],
      ['traceparent', 'ours'],
    ]);
    expect((all as Record<symbol, unknown>)[sensitiveHeaders]).toEqual(['x-one']);
    expect(given.Traceparent).toBe('theirs');
  });

  it('stay a list where they are one', () => {
    const list = [':path', '/', 'Traceparent', 'theirs', 'x-one', 'a', 'x-one', 'b'];
    expect(withHeaders(list, trace)).toEqual([':path', '/', 'x-one', 'a', 'x-one', 'b', 'traceparent', 'ours']);
    expect(withHeaders(undefined, trace)).toEqual(trace);
  });

  it('are left to Node.js where they are none', () => {
    expect([undefined, {}, []].every(isHeaders)).toBe(true);
    expect([null, 'text', 1].some(isHeaders)).toBe(false);
  });
});
