import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Tells the address of the client from that of the peer and the headers that proxies add. */
export type ClientAddress = (peer: string | undefined, headers: IncomingHttpHeaders) => string | undefined;

/**
 * Believes a header only as far as the proxies that wrote it are trusted: from the peer backwards, the first address that is no trusted proxy
 * is the client. `X-Forwarded-For` is read, and where there is none `Forwarded`.
 * @param proxies addresses, networks such as `10.0.0.0/8`, `loopback` and `private`; others are passed over
 */
export function createClientAddress(proxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const proxy of proxies) trust(trusted, proxy);
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const plainPeer = remembered(plainAddress);
  return (given, headers) => {
    const peer = given === undefined ? undefined : plainPeer(given);
    if (peer === undefined || proxies.length === 0 || !isTrusted(peer)) return peer;
    let client = peer;
    for (const hop of hops(headers).reverse()) {
      const address = plainAddress(hop);
      if (address === undefined) return client;
      client = address;
      if (!isTrusted(address)) return client;
    }
    return client;
  };
}

const mostRemembered = 1_024;

/** A connection has the same peer with each of its requests. */
function remembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const made = known.get(text);
    if (made !== undefined) return made;
    if (known.size >= mostRemembered) known.clear();
    const learnt = make(text);
    known.set(text, learnt);
    return learnt;
  };
}

/** Whether this names an address, a network or a group of them. */
export function isProxyName(name: string): boolean {
  if (groups[name] !== undefined) return true;
  const [address = '', bits, ...more] = name.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const groups: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', '169.254.0.0/16', 'fe80::/10'],
};

function trust(list: BlockList, name: string): void {
  for (const network of groups[name] ?? [name]) {
    if (!isProxyName(network)) continue;
    const [address = '', bits] = network.split('/');
    const version = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, version);
    else list.addSubnet(address, Number(bits), version);
  }
}

/** The addresses that proxies have told, the client first. */
function hops(headers: IncomingHttpHeaders): string[] {
  const header = headers['x-forwarded-for'];
  const list = Array.isArray(header) ? header.join(',') : header;
  if (list !== undefined) return list.split(',');
  const forwarded = headers.forwarded;
  if (forwarded === undefined) return [];
  return forwarded.split(',').map((hop) => /(?:^|;)\s*for=("[^"]*"|[^;]*)/i.exec(hop)?.[1] ?? '');
}

/** Without port, brackets, quotes, zone and the IPv6 form of an IPv4 address; `undefined` for what is no address. */
function plainAddress(text: string): string | undefined {
  const bare = text.trim().replace(/^"|"$/g, '');
  const address =
    /^\[([^\]]*)\](?::\d+)?$/.exec(bare)?.[1] ?? (/^[\d.]+:\d+$/.test(bare) ? bare.replace(/:\d+$/, '') : bare);
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '').replace(/%.*$/, '');
  return isIP(plain) === 0 ? undefined : plain;
}
