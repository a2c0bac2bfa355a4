import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSpanId, isTraceId } from '../../src/projection/trace-id.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

describe('a trace id', () => {
  it('is known by its form', () => {
    fc.assert(
      fc.property(hex(32), (id) => {
        expect(isTraceId(id)).toBe(id !== '0'.repeat(32));
      }),
    );
  });

  it('is refused where it is none', () => {
    for (const text of ['', '0'.repeat(32), '4bf92f', 'z'.repeat(32), `${'a'.repeat(32)}b`, 'A'.repeat(32)]) {
      expect(isTraceId(text)).toBe(false);
    }
    expect(isTraceId(undefined)).toBe(false);
    expect(isSpanId('00f067aa0ba902b7')).toBe(true);
    expect(isSpanId('0000000000000000')).toBe(false);
  });
});
