import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { requestAttributes } from '../../src/instrument/http-attributes.ts';

function attributesOf(
  request: { url?: string; method?: string; headers?: Record<string, string | string[]> },
  methods?: ReadonlySet<string>,
) {
  const whole = { method: 'GET', url: '/', headers: {}, httpVersion: '1.1', socket: {}, ...request };
  return requestAttributes(whole as unknown as IncomingMessage, 'http', methods);
}

describe('what a span says of its request', () => {
  it.each([
    ['/users/7', '/users/7', undefined],
    ['/users/7?a=1&b=2#c', '/users/7', 'a=1&b=2'],
    ['/a/../b/./c?d', '/b/c', 'd'],
    ['//evil.example/a', '//evil.example/a', undefined],
    ['http://a.example/b?c=d', '/b', 'c=d'],
    ['/ö', '/%C3%B6', undefined],
    ['*', '/*', undefined],
    ['http://[', 'http://[', undefined],
  ])('is path and query of %s', (url, path, query) => {
    expect(attributesOf({ url })).toMatchObject({
      'url.path': path,
      ...(query !== undefined && { 'url.query': query }),
    });
    expect('url.query' in attributesOf({ url })).toBe(query !== undefined);
  });

  it.each([
    [{ host: 'a.example' }, 'a.example', 80],
    [{ host: 'a.example:8080' }, 'a.example', 8080],
    [{ host: '[::1]:8080' }, '[::1]', 8080],
    [{ host: '[::1]' }, '[::1]', 80],
    [{ host: 'in', 'x-forwarded-host': 'out, between', 'x-forwarded-proto': 'https' }, 'out', 443],
    [{ host: 'in', forwarded: 'for=1.2.3.4;host="out:99";proto=https' }, 'out', 99],
    [{ ':authority': 'two:1' }, 'two', 1],
    [{}, undefined, undefined],
  ])('is the server as the client named it: %j', (headers, address, port) => {
    const attributes = attributesOf({ headers });
    expect([attributes['server.address'], attributes['server.port']]).toEqual([address, port]);
  });

  it('is a method that the conventions know, or the name of another beside it', () => {
    expect(attributesOf({ method: 'POST' })).toMatchObject({ 'http.request.method': 'POST' });
    expect(attributesOf({ method: 'PROPFIND' })).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
  });

  it('is a method that the program has named as known, and then no other', () => {
    const methods = new Set(['PROPFIND']);
    expect(attributesOf({ method: 'PROPFIND' }, methods)).toMatchObject({ 'http.request.method': 'PROPFIND' });
    expect(attributesOf({ method: 'GET' }, methods)).toMatchObject({ 'http.request.method': '_OTHER' });
  });
});
