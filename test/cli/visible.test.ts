import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLine, visible, visibleLines } from '../../src/cli/visible.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about them
const dangerous = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('visible', () => {
  it('writes out newlines, tabs, escapes and other controls', () => {
    expect(visible('a\nb\tc\r\u001b[31mred\u009b0m\u0000')).toBe('a\\nb\\tc\\r\\e[31mred\\u{9b}0m\\u{0}');
  });

  it('writes out characters that turn the direction of text', () => {
    expect(visible('photo\u202egpj.exe')).toBe('photo\\u{202e}gpj.exe');
  });

  it('writes out lone surrogates and leaves pairs alone', () => {
    expect(visible('\ud800 😀')).toBe('\\u{d800} 😀');
  });

  it('leaves wide, combining and right-to-left letters as they are', () => {
    expect(visible('写真 é שלום')).toBe('写真 é שלום');
  });

  it('never lets a control character through, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !dangerous.test(visible(text))));
  });

  it('keeps the lines of a text apart', () => {
    expect(visibleLines('Error: x\n    at y\r\nz\u0007')).toEqual(['Error: x', '    at y', 'z\\u{7}']);
  });
});

describe('jsonLine', () => {
  it('is one line without control characters that parses to the same value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = jsonLine({ text });
        expect(line).not.toMatch(dangerous);
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });
});
