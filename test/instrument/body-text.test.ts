import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BodyTap } from '../../src/instrument/body-tap.ts';
import { bodyText, isTextual } from '../../src/instrument/body-text.ts';

const json = { type: 'application/json', encoding: undefined };
const whole = (bytes: Uint8Array) => ({ bytes, size: bytes.byteLength });

describe('the text of a body', () => {
  it.each([
    ['application/json; charset=utf-8', true],
    ['application/problem+json', true],
    ['text/html', true],
    ['application/x-www-form-urlencoded', true],
    ['text/event-stream', false],
    ['multipart/form-data; boundary=a', false],
    ['image/svg+xml', false],
    ['application/octet-stream', false],
    [undefined, false],
  ])('is wanted or not by its type: %s', (type, expected) => {
    expect(isTextual(type)).toBe(expected);
  });

  it('is cut between characters, and says so', () => {
    const tap = new BodyTap(64);
    tap.take('a'.repeat(63), 'utf8');
    tap.take('ö', undefined);
    expect(bodyText(tap.seen() ?? whole(new Uint8Array()), json, 64)).toBe(
      `${'a'.repeat(63)}… [cut, 65 bytes as sent]`,
    );
  });

  it('is not changed by what the program does with its buffers later', () => {
    const tap = new BodyTap(64);
    const buffer = Buffer.from('before');
    tap.take(buffer, undefined);
    buffer.fill('x');
    expect(Buffer.from(tap.seen()?.bytes ?? []).toString()).toBe('before');
  });

  it('is the beginning where only the beginning of a packed body is there', () => {
    const text = Array.from({ length: 2_000 }, (_, index) => `line ${index}`).join('\n');
    const packed = gzipSync(text);
    const shown = bodyText({ bytes: packed.subarray(0, 500), size: packed.length }, { ...json, encoding: 'gzip' }, 500);
    expect(shown.startsWith(text.slice(0, 400))).toBe(true);
    expect(shown).toMatch(/… \[cut, \d+ bytes as sent\]$/);
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(10_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(10_000_000))],
    ['deflate', deflateRawSync(Buffer.alloc(10_000_000))],
  ])('is a sentence where %s would become far too much', (encoding, bytes) => {
    expect(bodyText(whole(bytes), { ...json, encoding }, 16_384)).toMatch(/that become more than 1048576\]$/);
  });

  it.each([
    ['zstd', /in the encoding zstd/],
    ['gzip', /that are not gzip/],
  ])('is a sentence where it cannot be unpacked (%s)', (encoding, expected) => {
    expect(bodyText(whole(Buffer.from('nothing of the kind')), { ...json, encoding }, 64)).toMatch(expected);
  });

  it('is an object for a form, and follows the charset', () => {
    const form = { type: 'application/x-www-form-urlencoded', encoding: undefined };
    expect(JSON.parse(bodyText(whole(Buffer.from('a=1&b=2&a=%C3%B6')), form, 64))).toEqual({ a: ['1', 'ö'], b: '2' });
    const latin = { type: 'text/plain; charset=ISO-8859-1', encoding: undefined };
    expect(bodyText(whole(Buffer.from('ö', 'latin1')), latin, 64)).toBe('ö');
  });

  it.each([
    [['{"a":1}'], json],
    [['{"a":', '"ö"}'], json],
    [['', '{"a":1}'], json],
    [['\ufeff{"a":1}'], json],
    [['a\ud800b'], json],
    [['ö'.repeat(32)], json],
    [['ö'.repeat(33)], json],
    [['ö'.repeat(20), 'ü'.repeat(20)], json],
    [['a=1&b=ö'], { ...json, type: 'application/x-www-form-urlencoded' }],
    [['ö'], { ...json, type: 'text/plain; charset="utf-8"; x=y' }],
    [['ö'], { ...json, type: 'text/plain; charset=latin1' }],
    [['ö'], { ...json, encoding: 'identity' }],
    [['ö'], { ...json, encoding: 'gzip' }],
  ])('is the same whether a service writes %j as text or as bytes', (chunks, kind) => {
    const taps = [new BodyTap(64), new BodyTap(64)];
    for (const chunk of chunks) {
      taps[0]?.take(chunk, undefined);
      taps[1]?.take(Buffer.from(chunk), undefined);
    }
    const [asText, asBytes] = taps.map((tap) => tap.seen());
    expect(asText?.size).toBe(asBytes?.size);
    expect(bodyText(asText ?? whole(new Uint8Array()), kind, 64)).toBe(
      bodyText(asBytes ?? whole(new Uint8Array()), kind, 64),
    );
  });

  it.each([['{"a":"ö"}'], ['\ufeff\ufeff{}'], ['ö'.repeat(32)], ['ö'.repeat(33)], ['']])(
    'is the same whether the length of %j is known or not',
    (body) => {
      const bytes = Buffer.concat([Buffer.from(body), Buffer.from([0xe2, 0x82])]);
      for (const chunks of [[bytes], [bytes.subarray(0, 1), bytes.subarray(1)]]) {
        const taps = [new BodyTap(80, bytes.length), new BodyTap(80)];
        for (const tap of taps) for (const chunk of chunks) tap.take(chunk, undefined);
        const [known, unknown] = taps.map((tap) => tap.seen());
        expect(known?.size).toBe(unknown?.size);
        expect(bodyText(known ?? whole(bytes), json, 80)).toBe(bodyText(unknown ?? whole(bytes), json, 80));
      }
    },
  );
});
