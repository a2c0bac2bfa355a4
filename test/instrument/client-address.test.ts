import { describe, expect, it } from 'vitest';
import { createClientAddress, isProxyName } from '../../src/instrument/client-address.ts';

describe('the address of a client', () => {
  const behind = createClientAddress(['loopback', '10.0.0.0/8', '2001:db8::/32']);

  it('is that of the connection where no proxy is trusted', () => {
    const address = createClientAddress([]);
    expect(address('203.0.113.1', { 'x-forwarded-for': '6.6.6.6' })).toBe('203.0.113.1');
  });

  it.each([
    ['the peer is no proxy', '203.0.113.1', '6.6.6.6', '203.0.113.1'],
    ['the client has forged a hop', '127.0.0.1', '6.6.6.6, 203.0.113.9, 10.1.2.3', '203.0.113.9'],
    ['all hops are proxies', '::ffff:127.0.0.1', '10.0.0.9, 10.1.2.3', '10.0.0.9'],
    ['a hop has a port', '::1', '203.0.113.9:1234', '203.0.113.9'],
    ['a hop is IPv6 with a port', '2001:db8::1', '[2001:dead::9]:1234', '2001:dead::9'],
    ['a hop is no address', '127.0.0.1', '203.0.113.9, <script>, 10.1.2.3', '10.1.2.3'],
    ['the header is empty', '127.0.0.1', '', '127.0.0.1'],
  ])('is found where %s', (_, peer, header, expected) => {
    expect(behind(peer, { 'x-forwarded-for': header })).toBe(expected);
  });

  it('is read from Forwarded where there is no X-Forwarded-For', () => {
    const forwarded = 'for=6.6.6.6, for="[2001:dead::9]:80";proto=https, by=10.0.0.1;for=10.1.2.3';
    expect(behind('127.0.0.1', { forwarded })).toBe('2001:dead::9');
  });

  it.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '::1/129', ''])('has no proxy called %s', (name) => {
    expect(isProxyName(name)).toBe(false);
  });
});
