import { describe, expect, test } from 'vitest';
import { createHosts } from '../../src/shipping/postgres-hosts.ts';

/** Hosts by name; each gives its name, or fails with the error that stands for it in `faults`. */
function hostsOf(names: readonly string[], faults: Readonly<Record<string, Error | undefined>>) {
  const asked: string[] = [];
  const ended: string[] = [];
  const hosts = createHosts(
    names.map((name) => ({
      name,
      pool: {
        async connect() {
          asked.push(name);
          const fault = faults[name];
          if (fault !== undefined) throw fault;
          return name;
        },
        async end() {
          ended.push(name);
        },
      },
    })),
  );
  return { hosts, asked, ended };
}

const fault = (message: string, code?: string) =>
  Object.assign(new Error(message), code === undefined ? undefined : { code });

describe('several hosts', () => {
  test('give a connection of the first that has one, and of the same from then on', async () => {
    const faults: Record<string, Error | undefined> = { one: fault('connect ECONNREFUSED', 'ECONNREFUSED') };
    const { hosts, asked } = hostsOf(['one', 'two', 'three'], faults);
    expect(await hosts.connect()).toBe('two');
    faults.one = undefined;
    expect(await hosts.connect()).toBe('two');
    expect(asked).toEqual(['one', 'two', 'two']);
  });

  test('go round when the one in use fails', async () => {
    const faults: Record<string, Error | undefined> = { one: fault('it is a standby', '25006') };
    const { hosts, asked } = hostsOf(['one', 'two'], faults);
    await hosts.connect();
    faults.one = undefined;
    faults.two = fault('timeout expired');
    expect(await hosts.connect()).toBe('one');
    expect(asked).toEqual(['one', 'two', 'two', 'one']);
  });

  test('tell of each when none has one, with the code of what cannot be reached', async () => {
    const { hosts } = hostsOf(['one', 'two', 'three'], {
      one: fault('it is a standby', '25006'),
      two: new AggregateError([fault('connect ECONNREFUSED', 'ECONNREFUSED')]),
      three: fault('connect EHOSTUNREACH', 'EHOSTUNREACH'),
    });
    await expect(hosts.connect()).rejects.toThrow(
      'one: it is a standby; two: connect ECONNREFUSED; three: connect EHOSTUNREACH',
    );
  });

  test('that all refuse to be written to are standbys together', async () => {
    const standby = fault('it is a standby', '25006');
    const { hosts } = hostsOf(['one', 'two'], { one: standby, two: standby });
    await expect(hosts.connect()).rejects.toMatchObject({ code: '25006' });
  });

  test('end together', async () => {
    const { hosts, ended } = hostsOf(['one', 'two'], {});
    await hosts.end();
    expect(ended).toEqual(['one', 'two']);
  });
});
