import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type EachOptions, importSession } from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { listen, thrownBy } from './captured-events.ts';

const byName = { id: (name: string) => name };

async function walk(
  values: Iterable<string> | AsyncIterable<string>,
  options: Partial<EachOptions<string>>,
  fn: (value: string) => unknown,
) {
  return importSession({ id: 's' }, (session) =>
    session.each(values, { ...byName, ...options }, (_, value) => fn(value)),
  );
}

describe('each', () => {
  test.each([1, 3, 50])('keeps at most %i items in work', async (concurrency) => {
    let working = 0;
    let most = 0;
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    await walk(names, { concurrency }, async () => {
      working += 1;
      most = Math.max(most, working);
      await new Promise((resolve) => setImmediate(resolve));
      working -= 1;
    });
    expect(most).toBe(Math.min(concurrency, 40));
  });

  test('goes on after a failed item and tells what came of the walk', async () => {
    let summary: unknown;
    const outcome = await importSession({ id: 's' }, async (session) => {
      summary = await session.each(['a', 'b', 'a', 'c'], byName, (_, value) => {
        if (value === 'b') throw new Error('no');
      });
    });
    expect(summary).toEqual({ run: 3, refused: 1, failed: 1 });
    expect(outcome.counts).toMatchObject({ total: 3, imported: 2, failed: 1 });
  });

  test('stops at the first failed item if told to, waits for those in work and rethrows its error', async () => {
    const captured = listen();
    const failure = new Error('first');
    let finished = 0;
    const error = await thrownBy(() =>
      walk(['a', 'b', 'c', 'd', 'e'], { concurrency: 2, onError: 'stop' }, async (value) => {
        if (value === 'a') throw failure;
        await new Promise((resolve) => setImmediate(resolve));
        finished += 1;
      }),
    );
    expect(error).toBe(failure);
    expect(finished).toBe(1);
    expect(captured.moves().at(-1)).toBe('importing -> failed');
    const complete = captured.named('import.session.complete')[0]?.attributes;
    expect(complete).toMatchObject({ [attribute.countTotal]: 5, [attribute.countPending]: 3 });
  });

  test('walks async iterables and lets them clean up when it stops early', async () => {
    let isClosed = false;
    async function* names(): AsyncGenerator<string> {
      try {
        for (let index = 0; ; index += 1) yield `n${index}`;
      } finally {
        isClosed = true;
      }
    }
    await thrownBy(() =>
      walk(names(), { onError: 'stop' }, (value) => {
        if (value === 'n5') throw new Error('enough');
      }),
    );
    expect(isClosed).toBe(true);
  });

  test('an iterable that throws ends the session with its error, after the items in work', async () => {
    const failure = new TypeError('listing broke');
    async function* broken(): AsyncGenerator<string> {
      yield 'a';
      throw failure;
    }
    const captured = listen();
    expect(await thrownBy(() => walk(broken(), {}, () => undefined))).toBe(failure);
    expect(captured.moves('a').at(-1)).toBe('updating -> imported');
    expect(captured.named('import.session.error')).toHaveLength(1);
  });

  test('an id that cannot be used fails that one item and is told', async () => {
    const captured = listen();
    const outcome = await walk(['a', '', 'b', 'ü'.repeat(2_000)], {}, () => undefined);
    expect(outcome).toMatchObject({ state: 'imported', counts: { total: 4, imported: 2, failed: 2 } });
    expect(captured.named('import.item.error').map(({ attributes }) => attributes[attribute.errorType])).toEqual([
      'SPANLEDGER_INVALID_ID',
      'SPANLEDGER_INVALID_ID',
    ]);
  });

  test('a signal of its own stops the loop', async () => {
    const controller = new AbortController();
    const outcome = await walk(['a', 'b', 'c'], { signal: controller.signal }, (value) => {
      if (value === 'b') controller.abort();
    });
    expect(outcome).toMatchObject({ state: 'canceled', counts: { imported: 2, pending: 1 } });
    expect(outcome.notStarted).toEqual({ count: 1, ids: ['c'] });
  });

  test('leaves no listener on a signal behind', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let added = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      added += 1;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      added -= 1;
      remove(...given);
    };
    const names = Array.from({ length: 200 }, (_, index) => `n${index}`);
    await importSession({ id: 's', signal }, (session) => session.each(names, { ...byName, signal }, () => undefined));
    expect(added).toBe(0);
  });

  test('keeps counts right over two walks and single items', async () => {
    const outcome = await importSession({ id: 's' }, async (session) => {
      await session.each(['a', 'b'], byName, () => {
        expect(session.counts.total).toBe(2);
      });
      await session.item({ id: 'c' }, () => undefined);
      await session.each(new Set(['d', 'e']), byName, () => {
        expect(session.counts.total).toBe(5);
      });
    });
    expect(outcome.counts).toMatchObject({ total: 5, imported: 5, pending: 0 });
  });

  test('does not keep finished items: memory stays flat over 60,000 of them', { timeout: 120_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapUsed = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    async function* many(): AsyncGenerator<string> {
      for (let index = 0; index < 60_000; index += 1) yield `item-${index}-with-a-name-of-some-length`;
    }
    let early = 0;
    let late = 0;
    let seen = 0;
    const outcome = await walk(many(), { concurrency: 4 }, () => {
      seen += 1;
      // By then as many finished items are remembered as ever will be.
      if (seen === 15_000) early = heapUsed();
      if (seen === 60_000) late = heapUsed();
    });
    expect(outcome.counts.imported).toBe(60_000);
    // 45,000 items of 100 bytes each would be more.
    expect(late - early).toBeLessThan(3_000_000);
  });
});
