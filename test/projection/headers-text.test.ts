import { describe, expect, it } from 'vitest';
import { headersText } from '../../src/projection/headers-text.ts';
import { createSanitizer } from '../../src/storable/sanitizer.ts';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('headers as text', () => {
  it.each([
    { 'content-type': 'application/json', 'user-agent': 'a "b" \\ c\u0001', host: 'a.example:80' },
    { accept: ['a', 'b'], 'content-length': 12, empty: '' },
    { authorization: 'Basic abc', 'x-note': `Bearer ${jwt}`, 'x-long': 'l'.repeat(5_000) },
    { name: 'authorization', value: 'hunter2' },
    { ['__proto__']: 'x', gone: undefined },
  ])('are what the sanitizer makes of them, each time: %j', (headers) => {
    const sanitizer = createSanitizer();
    const whole = createSanitizer().json(headers);
    expect([1, 2, 3].map(() => headersText(headers, sanitizer))).toEqual([whole, whole, whole]);
  });

  it('are nothing where there are none', () => {
    expect(headersText({}, createSanitizer())).toBeUndefined();
    expect(headersText({ gone: undefined }, createSanitizer())).toBeUndefined();
  });

  it('are remembered apart for each sanitizer', () => {
    const headers = { 'x-plain': 'a@b.example' };
    expect(headersText(headers, createSanitizer())).toBe('{"x-plain":"a@b.example"}');
    const strict = createSanitizer({ redactKeys: ['x-plain'] });
    expect(headersText(headers, strict)).toBe('{"x-plain":"[redacted]"}');
  });

  it('stay right when more of them come than are remembered', () => {
    const sanitizer = createSanitizer();
    for (let index = 0; index < 5_000; index += 1) {
      expect(headersText({ host: `h${index}` }, sanitizer)).toBe(`{"host":"h${index}"}`);
    }
    expect(headersText({ host: 'h0' }, sanitizer)).toBe('{"host":"h0"}');
  });

  it('hold those that are named, in their order, and nothing that all objects have', () => {
    const headers = { host: 'h', cookie: 'c', accept: '*/*' };
    expect(headersText(headers, createSanitizer(), ['accept', 'missing', 'constructor', 'host'])).toBe(
      '{"accept":"*/*","host":"h"}',
    );
    const pair = { name: 'x-token', value: 'hunter2', other: 'o' };
    expect(headersText(pair, createSanitizer(), ['name', 'value'])).toBe(
      createSanitizer().json({ name: 'x-token', value: 'hunter2' }),
    );
  });
});
