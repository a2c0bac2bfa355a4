import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toStorableJson, toStorableText } from '../../src/shipping/storable-copy.ts';

const replacement = '\\ufffd';

test.each([
  ['"a\\u0000b"', `"a${replacement}b"`],
  ['"\\ud83d\\ude00"', '"\\ud83d\\ude00"'],
  ['"\\uD83D\\uDE00\\uDE00"', `"\\uD83D\\uDE00${replacement}"`],
  ['"\\ud83dx"', `"${replacement}x"`],
  ['"\\ude00"', `"${replacement}"`],
  ['"\\ud83d\\ud83d\\ude00"', `"${replacement}\\ud83d\\ude00"`],
  ['"\\\\u0000"', '"\\\\u0000"'],
  ['"\\\\\\u0000"', `"\\\\${replacement}"`],
  ['"\\\\ud83d\\ude00"', `"\\\\ud83d${replacement}"`],
  ['"\\u00e9\\n\\""', '"\\u00e9\\n\\""'],
])('makes of %s the JSON text %s', (json, storable) => {
  expect(toStorableJson(json)).toBe(storable);
});

test('NUL in text becomes the replacement character, all else stays', () => {
  expect(toStorableText('a\0b\0')).toBe('a\u{fffd}b\u{fffd}');
  expect(toStorableText('plain 😀')).toBe('plain 😀');
});

test('any JSON stays JSON of the same value but for what cannot be stored', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, escaped) => {
      const json = escaped ? escapeAll(text) : JSON.stringify(text);
      const value: unknown = JSON.parse(toStorableJson(json));
      expect(value).toBe(text.replaceAll('\0', '\u{fffd}').toWellFormed());
    }),
  );
});

function escapeAll(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}
