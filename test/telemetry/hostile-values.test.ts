import { describe, expect, test } from 'vitest';
import { audit, type Item, importSession } from '../../src/index.ts';
import { setAnnouncementListener } from '../../src/telemetry/announcer.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { detailsOf, listen, useSdk } from './captured-events.ts';

const withItem = (work: (item: Item) => unknown) =>
  importSession({ id: 's' }, (session) => session.item({ id: 'i' }, work));

/** An object that traps every access. */
function trap(): object {
  const fail = (): never => {
    throw new Error('trapped');
  };
  return new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail, getPrototypeOf: fail });
}

describe('hostile values', () => {
  test('a reason of 10 MB is cut, says how long it was, and redacts its secrets', async () => {
    const captured = listen();
    const reason = `password=hunter2 ${'x'.repeat(10 * 1024 * 1024)}`;
    await withItem((item) => item.to('checking', reason));
    const told = String(captured.named('import.item.transition')[1]?.attributes[attribute.reason]);
    expect(told.length).toBeLessThan(4_100);
    expect(told).toContain('(10485777 characters in all)');
    expect(told).not.toContain('hunter2');
  });

  test('cycles, BigInt, symbols, getters that throw and proxies in details make a record all the same', async () => {
    const captured = listen();
    const cyclic: Record<string, unknown> = { big: 10n ** 30n, symbol: Symbol('x'), map: new Map([[1, 2]]) };
    cyclic.self = cyclic;
    const broken = {
      fine: 1,
      get bad(): never {
        throw new Error('no');
      },
    };
    await withItem((item) => {
      item.audit({ message: 'cyclic', details: cyclic });
      item.audit({ message: 'broken', details: broken });
      item.audit({ message: 'trapped', details: trap() });
      item.to('checking', 'with details', { date: new Date(Number.NaN), nan: Number.NaN, token: 'abc' });
    });
    const [first, second, third] = captured.named('audit');
    expect(detailsOf(first)).toMatchObject({ big: '1000000000000000000000000000000' });
    expect(detailsOf(second)).toMatchObject({ fine: 1 });
    expect(third?.attributes[attribute.message]).toBe('trapped');
    const moved = captured.named('import.item.transition').find(({ attributes }) => attributes[attribute.details]);
    expect(detailsOf(moved)).toMatchObject({ nan: 'NaN' });
    expect(String(moved?.attributes[attribute.details])).not.toContain('abc');
  });

  test('text with NUL and lone surrogates is made storable', async () => {
    const captured = listen();
    await withItem((item) => item.audit('a\0b\ud800c'));
    expect(captured.named('audit')[0]?.attributes[attribute.message]).toBe('a\uFFFDb\uFFFDc');
  });

  test.each([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a symbol', () => Symbol('x')],
    ['a proxy', trap],
    ['an object whose toString throws', () => ({ toString: () => thrower() })],
    ['a function', () => () => undefined],
    ['a 10 MB text', () => 'y'.repeat(10 * 1024 * 1024)],
  ])('a throw of %s is rethrown as it is, recorded and bounded', async (_, make) => {
    const captured = listen();
    useSdk();
    const value: unknown = make();
    let caught: unknown = 'nothing';
    await importSession({ id: 's' }, async (session) => {
      try {
        await session.item({ id: 'i' }, () => {
          throw value;
        });
      } catch (error) {
        caught = error;
      }
    });
    expect(Object.is(caught, value)).toBe(true);
    const told = captured.named('import.item.error')[0];
    expect(String(told?.attributes[attribute.exceptionMessage]).length).toBeLessThan(8_100);
    expect(captured.moves('i').at(-1)).toBe('analyzing -> failed');
  });

  test('an audit entry that is no entry is recorded as far as it can be, and never throws', () => {
    const captured = listen();
    for (const entry of [undefined, null, 7, trap(), { message: new Error('an error') }, { message: 3n }]) {
      expect(() => audit(entry as unknown as string)).not.toThrow();
    }
    expect(captured.named('audit')).toHaveLength(6);
  });

  test('a listener that throws does not reach the host', async () => {
    setAnnouncementListener({
      onEvent() {
        throw new Error('broken listener');
      },
    });
    expect(await withItem(() => undefined)).toMatchObject({ state: 'imported' });
  });

  test('a million progress calls make few events, the last one among them', async () => {
    const captured = listen();
    await withItem((item) =>
      item.step('hash', (step) => {
        for (let done = 1; done <= 1_000_000; done += 1) step.progress(done, 1_000_000);
      }),
    );
    const told = captured.named('task.step.progress');
    expect(told.length).toBeLessThan(100);
    expect(told.at(-1)?.attributes).toMatchObject({ [attribute.done]: 1_000_000, [attribute.total]: 1_000_000 });
  });
});

function thrower(): string {
  throw new Error('no text');
}
