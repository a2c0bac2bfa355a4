import { describe, expect, test } from 'vitest';
import { isConnectionString, parseConnectionString } from '../../src/shipping/connection-string.ts';

describe('a connection string', () => {
  test('may name its host in the query, as for a Unix socket', () => {
    const { description } = parseConnectionString('postgres://app:word@/ledger?host=/var/run/postgresql');
    expect(description).toBe('postgres://app@/ledger?host=/var/run/postgresql');
  });

  test('with one host leads there, whatever it says about servers', () => {
    const connectionString = 'postgres://app:one,two@db:5432/ledger?target_session_attrs=prefer-standby';
    expect(parseConnectionString(connectionString)).toMatchObject({
      description: 'postgres://app@db:5432/ledger',
      hosts: [{ name: 'db:5432', connectionString }],
      needs: 'any',
    });
  });

  test('may name several hosts, of which each has the rest in common', () => {
    const address = parseConnectionString('postgres://app:w%2Cd@one:5432,[::1],three:6432/ledger?sslmode=require');
    expect(address.description).toBe('postgres://app@one:5432,[::1],three:6432/ledger');
    expect(address.hosts).toEqual([
      { name: 'one:5432', connectionString: 'postgres://app:w%2Cd@one:5432/ledger?sslmode=require' },
      { name: '[::1]', connectionString: 'postgres://app:w%2Cd@[::1]/ledger?sslmode=require' },
      { name: 'three:6432', connectionString: 'postgres://app:w%2Cd@three:6432/ledger?sslmode=require' },
    ]);
    expect(address.conceal('no w,d, no w%2Cd')).toBe('no ***, no ***');
  });

  test.each([
    ['', 'read-write'],
    ['?target_session_attrs=read-write', 'read-write'],
    ['?target_session_attrs=primary', 'primary'],
    ['?sslmode=require&target_session_attrs=any', 'any'],
  ])('with several hosts and %j asks for %s', (query, needs) => {
    expect(parseConnectionString(`postgres://one,two/ledger${query}`).needs).toBe(needs);
  });

  test.each(['standby', 'read-only', 'prefer-standby', ''])(
    'with several hosts cannot ask for %j: nothing could be stored there',
    (need) => {
      expect(() => parseConnectionString(`postgres://one,two/ledger?target_session_attrs=${need}`)).toThrow(
        /target_session_attrs is none of read-write, primary, any/,
      );
    },
  );

  test.each([
    'postgres://one,/ledger',
    'postgres://,one/ledger',
    'postgres://one,two:port/ledger',
    'mysql://one,two/ledger',
    'one,two',
    'postgres://app:w/d@one,two/ledger',
  ])('that reads %s is none', (text) => {
    expect(isConnectionString(text)).toBe(false);
    expect(() => parseConnectionString(text)).toThrow('is not usable');
  });
});
