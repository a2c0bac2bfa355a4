import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSpanId, isTraceId, traceIdToUuid, uuidToTraceId } from '../../src/projection/trace-id.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

describe('a trace id', () => {
  it('becomes a uuid and comes back as it was', () => {
    fc.assert(
      fc.property(hex(32), (id) => {
        fc.pre(id !== '0'.repeat(32));
        const uuid = traceIdToUuid(id) ?? '';
        expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(uuidToTraceId(uuid)).toBe(id);
        expect(uuidToTraceId(uuid.toUpperCase())).toBe(id);
      }),
    );
  });

  it('is refused where it is none', () => {
    for (const text of ['', '0'.repeat(32), '4bf92f', 'z'.repeat(32), `${'a'.repeat(32)}b`]) {
      expect(traceIdToUuid(text)).toBeUndefined();
      expect(uuidToTraceId(text)).toBeUndefined();
      expect(isTraceId(text)).toBe(false);
    }
    expect(isTraceId(undefined)).toBe(false);
    expect(isSpanId('00f067aa0ba902b7')).toBe(true);
    expect(isSpanId('0000000000000000')).toBe(false);
  });
});
