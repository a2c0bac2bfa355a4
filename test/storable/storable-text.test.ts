import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSanitizer } from '../../src/storable/sanitizer.ts';

describe('a stored text', () => {
  const sanitizer = createSanitizer();

  it('is the very same string where there is nothing to change', () => {
    const texts = ['', 'plain', 'Zürich → 東京 😀', 'a "quoted" \\ line\nand more', '/data/IMG_2031.jpg', 'a=b; c: d'];
    expect(texts.map((text) => sanitizer.text(text))).toEqual(texts);
    expect(createSanitizer().alterations()).toEqual({});
  });

  it('holds U+FFFD where NUL and lone surrogates were', () => {
    const own = createSanitizer();
    expect(own.text('a\0b\ud800c\udc00')).toBe('a\uFFFDb\uFFFDc\uFFFD');
    expect(own.alterations()).toEqual({ nul: 1, surrogate: 1 });
  });

  it('is cut on a code point, with an ellipsis', () => {
    expect(sanitizer.text('ab😀cd', 4)).toBe('ab…');
    expect(sanitizer.text('ab😀cd', 5)).toBe('ab😀…');
    expect(sanitizer.text('abcd', 4)).toBe('abcd');
    expect(sanitizer.text('abcd', 0)).toBe('');
  });

  it('shows no half of a secret that the cut goes through', () => {
    const text = `${'x'.repeat(90)} password=${'hunter2'.repeat(40)}`;
    expect(sanitizer.text(text, 110)).not.toContain('hunter');
  });

  it('is storable, no longer than allowed, and stays the same when it is stored again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(120), (text, maxLength) => {
        const stored = sanitizer.text(text, maxLength);
        expect(stored).not.toContain('\0');
        expect(stored.isWellFormed()).toBe(true);
        expect(stored.length).toBeLessThanOrEqual(maxLength);
        expect(sanitizer.text(stored, maxLength)).toBe(stored);
      }),
      { numRuns: 200 },
    );
  });

  it('is found in time linear in its length, whatever it repeats', () => {
    const pieces = [
      'a',
      'eyJ',
      'eyJ.',
      '://',
      '://@',
      'token=',
      'token:{',
      'password":"',
      'bearer ',
      'basic+',
      '-----BEGIN ',
      '-----END ',
      'ghp_',
      '"',
      '\\"',
      'secret:\\"',
      '4111 ',
      '=',
      '%3D',
      ' ',
      'a ',
      '-',
      'AKIA',
      'sk-',
      'postgres://a:b/',
      '\0',
      '\ud800',
      'auth: ',
    ];
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(500_000 / piece.length));
      const before = process.cpuUsage();
      sanitizer.text(text);
      // A quadratic pass over half a million characters takes minutes.
      expect(process.cpuUsage(before).user / 1000, JSON.stringify(piece)).toBeLessThan(3_000);
    }
  });
});

describe('an id', () => {
  const sanitizer = createSanitizer();

  it('keeps what only looks like a pair or a card number, since two ids must not become one', () => {
    const ids = ['token:17', 'pin: 4', '4111111111111111', 'auth:user:1'];
    expect(ids.map((id) => sanitizer.id(id))).toEqual(ids);
  });

  it('loses the credentials of a URL', () => {
    expect(sanitizer.id('https://u:p@host/a?token=abc&b=1')).toBe('https://[redacted]@host/a?token=[redacted]&b=1');
  });
});

describe('the memory of a sanitizer', () => {
  it('does not hold the large texts that remembered words were found in', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const sanitizer = createSanitizer({ maxTextLength: 10_000_000 });
    const use = (index: number): void => {
      const large = `${'x '.repeat(500_000)}database_password_${index}=hunter2 `;
      sanitizer.text(large);
      sanitizer.name(large.slice(-40));
      sanitizer.id(large.slice(-30));
      sanitizer.json({ [large.slice(-35)]: 1 });
    };
    use(0);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 1; index < 13; index += 1) use(index);
    collect();
    // Held, the texts would take 1 MB each.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  });
});
