import { describe, expect, test } from 'vitest';
import { importSession, type Session, startSession } from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { detailsOf, HandClock, listen, thrownBy } from './captured-events.ts';

const files = (count: number): string[] => Array.from({ length: count }, (_, index) => `f${index}`);
const byName = { id: (file: string) => file };

describe('a session', () => {
  test('S0.1, S0.9 is told before any work, with its state', async () => {
    const captured = listen();
    let before = 0;
    await importSession({ id: 'local-7', kind: 'local', accountId: '456' }, () => {
      before = captured.all.length;
    });
    expect(before).toBe(1);
    expect(captured.all[0]).toMatchObject({
      name: 'import.session.start',
      unitAttributes: {
        [attribute.unit]: 'session',
        [attribute.sessionId]: 'local-7',
        [attribute.sessionKind]: 'local',
        [attribute.accountId]: '456',
      },
      attributes: { [attribute.toState]: 'pending', [attribute.attempt]: 1, [attribute.countTotal]: 0 },
    });
  });

  test('S0.2, S0.11 tells progress after the first item, every ten and after the last, of the whole total', async () => {
    const captured = listen();
    await importSession({ id: 's' }, (session) => session.each(files(23), byName, () => undefined));
    const told = captured.named('import.session.progress');
    expect(told.map((event) => detailsOf(event).progress)).toEqual(['1/23', '10/23', '20/23', '23/23']);
    expect(detailsOf(told[1])).toEqual({
      progress: '10/23',
      done: 10,
      total: 23,
      item_id: 'f9',
      imported: 10,
      duplicates: 0,
      failed: 0,
    });
  });

  test('tells the last progress once, also where the total was not known', async () => {
    const captured = listen();
    async function* unknown(): AsyncGenerator<string> {
      yield* files(12);
    }
    await importSession({ id: 's' }, (session) => session.each(unknown(), byName, () => undefined));
    const told = captured.named('import.session.progress');
    expect(told.map((event) => detailsOf(event).progress)).toEqual(['1/1', '10/10', '12/12']);
  });

  test('S0.3, S0.12 tells its end exactly once, with status, seconds and counts', async () => {
    const captured = listen();
    const clock = new HandClock();
    await importSession({ id: 's', accountId: '9', clock }, async (session) => {
      await session.each(files(3), byName, (item, file) => {
        if (file === 'f1') item.skip('duplicate');
        if (file === 'f2') throw new Error('no');
      });
      clock.micros += 1_500_000;
    });
    const told = captured.named('import.session.complete');
    expect(told).toHaveLength(1);
    expect(detailsOf(told[0])).toMatchObject({
      session_id: 's',
      account_id: '9',
      status: 'imported',
      duration_seconds: 1.5,
      imported: 1,
      duplicates: 1,
      failed: 1,
      processed_total: 3,
      partial: true,
    });
  });

  test('walks to importing with its first item and ends by the outcome rule, every step automatic', async () => {
    const captured = listen();
    const outcome = await importSession({ id: 's' }, (session) => session.item({ id: 'i' }, () => undefined));
    expect(captured.moves()).toEqual([
      'pending -> ready',
      'ready -> processing',
      'processing -> importing',
      'importing -> imported',
    ]);
    const automatic = captured.named('import.session.transition').map(({ attributes }) => attributes[attribute.auto]);
    expect(automatic).toEqual([true, true, true, true]);
    expect(outcome).toMatchObject({ state: 'imported', partial: false, skipped: false, attempt: 1 });
  });

  test('without items ends imported with the note no_items', async () => {
    const outcome = await importSession({ id: 's' }, () => undefined);
    expect(outcome).toMatchObject({ state: 'imported', reason: 'no_items', counts: { total: 0 } });
  });

  test.each([
    ['duplicates only', ['skip', 'skip'], 'imported', false],
    ['failures only', ['fail', 'fail'], 'failed', false],
    ['both', ['ok', 'fail'], 'imported', true],
    ['a failure among duplicates', ['skip', 'fail'], 'failed', false],
  ])('with %s ends as the outcome rule says', async (_, kinds, state, partial) => {
    const outcome = await importSession({ id: 's' }, (session) =>
      session.each(kinds.entries(), { id: ([index]) => String(index) }, (item, [, kind]) => {
        if (kind === 'skip') item.skip('duplicate');
        if (kind === 'fail') throw new Error('no');
      }),
    );
    expect(outcome).toMatchObject({ state, partial });
  });

  test('S0.4 its own error is told beside its end and rethrown unchanged; retryable ones end failed, others error', async () => {
    const captured = listen();
    const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const work = async (session: Session, error: Error) => {
      await session.item({ id: 'i' }, () => undefined);
      throw error;
    };
    expect(await thrownBy(() => importSession({ id: 'a' }, (session) => work(session, gone)))).toBe(gone);
    const bug = new TypeError('x is not a function');
    expect(await thrownBy(() => importSession({ id: 'b' }, (session) => work(session, bug)))).toBe(bug);
    expect(captured.moves().filter((move) => move.startsWith('importing'))).toEqual([
      'importing -> failed',
      'importing -> error',
    ]);
    expect(captured.named('import.session.error').map(({ attributes }) => attributes[attribute.errorCategory])).toEqual(
      ['network_error', 'unknown'],
    );
    expect(captured.named('import.session.complete').map((event) => detailsOf(event).status)).toEqual([
      'failed',
      'error',
    ]);
  });

  test('an error before any work ends in error, since pending cannot fail', async () => {
    const captured = listen();
    await thrownBy(() =>
      importSession({ id: 's' }, () => {
        throw Object.assign(new Error('busy'), { code: 'ECONNRESET' });
      }),
    );
    expect(captured.moves()).toEqual(['pending -> error']);
  });

  test("an item's error that nobody caught ends the session failed, without an error of its own", async () => {
    const captured = listen();
    const bug = new TypeError('bug');
    const thrown = await thrownBy(() =>
      importSession({ id: 's' }, (session) =>
        session.item({ id: 'i' }, () => {
          throw bug;
        }),
      ),
    );
    expect(thrown).toBe(bug);
    expect(captured.moves().at(-1)).toBe('importing -> failed');
    expect(captured.named('import.session.error')).toHaveLength(0);
    expect(captured.named('import.session.complete')).toHaveLength(1);
  });

  test.each([undefined, null, 'text', 0, Symbol('x')])('survives a throw of %s', async (thrown) => {
    const captured = listen();
    const error = await thrownBy(() =>
      importSession({ id: 's' }, () => {
        throw thrown;
      }),
    );
    expect(error).toBe(thrown);
    expect(captured.named('import.session.error')).toHaveLength(1);
    expect(captured.named('import.session.complete')).toHaveLength(1);
  });

  test('ends items that are still in work as aborted', async () => {
    const captured = listen();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running: Promise<unknown> | undefined;
    const outcome = await importSession({ id: 's' }, (session) => {
      running = session.item({ id: 'slow' }, () => held);
    });
    expect(outcome).toMatchObject({ state: 'failed', counts: { failed: 1, processing: 0 } });
    expect(captured.named('import.item.error')[0]?.attributes[attribute.errorCategory]).toBe('aborted');
    release();
    await running;
    expect(captured.moves('slow')).toEqual(['pending -> analyzing', 'analyzing -> failed']);
  });

  test('used after its end refuses with a code and what to do', async () => {
    let kept: Session | undefined;
    await importSession({ id: 's' }, (session) => {
      kept = session;
    });
    const session = kept as Session;
    const late = { code: 'SPANLEDGER_SESSION_ENDED', action: expect.stringContaining('Await') };
    expect(await thrownBy(() => session.item({ id: 'x' }, () => undefined))).toMatchObject(late);
    expect(await thrownBy(() => session.each(['x'], byName, () => undefined))).toMatchObject(late);
    expect(await thrownBy(() => session.to('failed', 'late'))).toMatchObject(late);
    expect(await thrownBy(() => session.step('late', () => 1))).toMatchObject(late);
    expect(() => session.audit('still told')).not.toThrow();
  });

  test('P6 refuses an illegal move, records it and stays', async () => {
    const captured = listen();
    const outcome = await importSession({ id: 's' }, async (session) => {
      const error = await thrownBy(() => session.to('imported', 'done already'));
      expect(error).toMatchObject({ code: 'SPANLEDGER_ILLEGAL_TRANSITION', from: 'pending' });
      expect(session.state).toBe('pending');
    });
    expect(captured.named('import.session.transition_refused')).toHaveLength(1);
    expect(outcome.state).toBe('imported');
  });

  test('S1.6 a forced move needs a reason and is marked as forced', async () => {
    const captured = listen();
    await importSession({ id: 's' }, async (session) => {
      expect(await thrownBy(() => session.force('importing', ''))).toMatchObject({
        code: 'SPANLEDGER_REASON_REQUIRED',
      });
      session.force('importing', 'repaired by hand');
    });
    const forced = captured.named('import.session.transition')[0];
    expect(forced?.attributes).toMatchObject({ [attribute.forced]: true, [attribute.reason]: 'repaired by hand' });
  });

  test('a move without a reason tells what the state means', async () => {
    const captured = listen();
    await importSession({ id: 's' }, (session) => {
      session.to('ready');
      session.to('expanding', 'list the folder');
    });
    const reasons = captured.named('import.session.transition').map(({ attributes }) => attributes[attribute.reason]);
    expect(reasons.slice(0, 2)).toEqual(['its input is in hand', 'list the folder']);
  });

  test('sealed, takes its outcome with its last item, and lets no further item in', async () => {
    const outcome = await importSession({ id: 's' }, async (session) => {
      await session.item({ id: 'a' }, () => {
        session.seal();
        expect(session.state).toBe('importing');
      });
      expect(session.state).toBe('imported');
      expect(await thrownBy(() => session.item({ id: 'b' }, () => undefined))).toMatchObject({
        code: 'SPANLEDGER_SESSION_ENDED',
      });
      await session.step('tidy up', () => undefined);
    });
    expect(outcome.state).toBe('imported');
  });

  test('S1.9 sync tells state and counts, and ends a session whose declared total is reached', async () => {
    await importSession({ id: 's', total: 2 }, async (session) => {
      await session.item({ id: 'a' }, () => undefined);
      expect(session.sync()).toMatchObject({ state: 'importing', counts: { total: 2, pending: 1, imported: 1 } });
      await session.item({ id: 'b' }, () => undefined);
      expect(session.sync()).toMatchObject({ state: 'imported', counts: { total: 2, imported: 2 } });
    });
  });

  test('corrects a total that was declared too high, and says so', async () => {
    const captured = listen();
    const outcome = await importSession({ id: 's', total: 5 }, (session) => session.item({ id: 'a' }, () => 1));
    expect(outcome).toMatchObject({ state: 'imported', counts: { total: 1, pending: 0 } });
    expect(detailsOf(captured.named('import.session.complete')[0]).declared_total).toBe(5);
  });

  test('cannot be open twice in one process', async () => {
    const first = await startSession({ id: 'twice' });
    expect(await thrownBy(() => importSession({ id: 'twice' }, () => undefined))).toMatchObject({
      code: 'SPANLEDGER_SESSION_OPEN',
    });
    first.end();
    expect(await importSession({ id: 'twice' }, () => undefined)).toMatchObject({ state: 'imported' });
  });

  test.each([[''], ['  '], [42], [undefined], ['ä'.repeat(600)]])('refuses the id %j', async (id) => {
    expect(await thrownBy(() => importSession({ id: id as string }, () => undefined))).toMatchObject({
      code: 'SPANLEDGER_INVALID_ID',
    });
  });
});

describe('a cancellation', () => {
  test('ends canceled, fails what is in work as aborted and lists what was not started', async () => {
    const captured = listen();
    const controller = new AbortController();
    const outcome = await importSession({ id: 's', signal: controller.signal }, (session) =>
      session.each(files(30), { ...byName, concurrency: 2 }, async (item, file) => {
        if (file === 'f3') controller.abort(new Error('stop asked for'));
        item.signal?.throwIfAborted();
      }),
    );
    expect(outcome).toMatchObject({ state: 'canceled', reason: 'canceled: stop asked for' });
    expect(outcome.notStarted.count).toBe(26);
    expect(outcome.notStarted.ids.slice(0, 2)).toEqual(['f4', 'f5']);
    expect(outcome.notStarted.ids).toHaveLength(20);
    expect(outcome.counts).toMatchObject({ total: 30, pending: 26, processing: 0 });
    expect(captured.named('import.item.error')[0]?.attributes[attribute.errorCategory]).toBe('aborted');
    expect(detailsOf(captured.named('import.session.complete')[0])).toMatchObject({
      status: 'canceled',
      not_started: { count: 26 },
    });
  });

  test('before the start runs nothing', async () => {
    let ran = false;
    const outcome = await importSession({ id: 's', signal: AbortSignal.abort() }, () => {
      ran = true;
    });
    expect(ran).toBe(false);
    expect(outcome.state).toBe('canceled');
  });

  test('after the last item changes nothing', async () => {
    const controller = new AbortController();
    const outcome = await importSession({ id: 's', signal: controller.signal }, async (session) => {
      await session.each(files(2), byName, () => undefined);
      controller.abort();
    });
    expect(outcome.state).toBe('imported');
  });

  test('stops waiting for an iterable that hangs', async () => {
    const controller = new AbortController();
    async function* hanging(): AsyncGenerator<string> {
      yield 'a';
      controller.abort();
      await new Promise(() => undefined);
    }
    const outcome = await importSession({ id: 's', signal: controller.signal }, (session) =>
      session.each(hanging(), byName, () => undefined),
    );
    expect(outcome).toMatchObject({ state: 'canceled', counts: { imported: 1 } });
  });

  test('by the program ends canceled too', async () => {
    const outcome = await importSession({ id: 's' }, async (session) => {
      await session.item({ id: 'a' }, () => undefined);
      session.to('canceled', 'user pressed stop');
      expect(await thrownBy(() => session.item({ id: 'b' }, () => undefined))).toMatchObject({
        code: 'SPANLEDGER_SESSION_ENDED',
      });
    });
    expect(outcome).toMatchObject({ state: 'canceled', reason: 'user pressed stop' });
  });
});
