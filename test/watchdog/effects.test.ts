import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patience, watchContention } from '../faults/contention.ts';
import { createWorkshop, type Workshop } from '../register/program.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = createWorkshop();
});
afterAll(() => workshop.remove());

const script = join('..', '..', 'watchdog', 'fixtures', 'effects.mjs');
const flags = ['--import', 'spanledger/register'];

/** The program with a watchdog that takes stacks, and without one; each on a ledger of its own. */
async function both(way: string, more: readonly string[] = []) {
  const run = async (watchdog: string) => {
    const env = {
      SPANLEDGER_DIR: join(workshop.directory, `${way}-${watchdog}`),
      SPANLEDGER_WATCHDOG: watchdog,
      SPANLEDGER_WATCHDOG_THRESHOLD: '300',
    };
    const ended = await workshop.run({
      script,
      parameters: [way, workshop.directory],
      flags: [...more, ...flags],
      env,
    });
    return { ...ended, told: ended.stdout === '' ? undefined : JSON.parse(ended.stdout) };
  };
  return Promise.all([run('true'), run('false')]);
}

describe.concurrent('a program that is watched', { timeout: 120_000 }, () => {
  it('listens on no port after its stack was taken', async () => {
    const [watched] = await both('ports');
    expect(watched).toMatchObject({ code: 0, told: { listening: 0, url: null }, stderr: '' });
  });

  it('opens its debugger on SIGUSR1 and goes on, as without', async () => {
    const [watched, plain] = await both('signal', ['--inspect-port=0']);
    for (const ended of [watched, plain]) {
      expect(ended).toMatchObject({ code: 0, told: { before: null, listening: 1 } });
      expect(ended.stderr).toMatch(/^Debugger listening on ws:/);
    }
  });

  it('keeps the port of --inspect, and no other', async () => {
    for (const ended of await both('inspect', ['--inspect=0'])) {
      expect(ended).toMatchObject({ code: 0, told: { listening: 1, url: 'string' } });
    }
  });

  it('makes an object whose constructor was blocked before it called super, and runs what is queued no sooner', async () => {
    for (const ended of await both('constructor')) {
      expect(ended).toMatchObject({ code: 0, told: { made: true, interrupted: false }, stderr: '' });
    }
  });

  it('writes a whole heap snapshot', async () => {
    for (const ended of await both('snapshot')) expect(ended).toMatchObject({ code: 0, told: { nodes: true } });
  });

  it.each([
    ['while it loads', 'exit-while-loading', undefined],
    ['while its stack is taken', 'exit-while-blocked', { said: 'goodbye' }],
  ])('ends by process.exit %s, with its own code', async (_when, way, told) => {
    const contention = watchContention();
    const [watched, plain] = await both(way);
    expect([watched, plain]).toMatchObject([{ code: 7 }, { code: 7 }]);
    expect([watched.told, plain.told]).toEqual([told, told]);
    expect(watched.seconds - plain.seconds).toBeLessThan(5 * patience(contention.share()));
  });
});
