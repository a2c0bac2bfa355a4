import { describe, expect, test } from 'vitest';
import { openSession, type SessionHandle, startSession } from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { type ItemPast, setSessionHistory } from '../../src/telemetry/history.ts';
import { listen, thrownBy, useSdk } from './captured-events.ts';

describe('explicit forms', () => {
  test('S1.35 a session and its items end when told to', async () => {
    const captured = listen();
    const session = await startSession({ id: 's' });
    const good = session.startItem({ id: 'good' });
    good?.to('checking', 'look');
    good?.end();
    const bad = session.startItem({ id: 'bad' });
    bad?.end({ error: new Error('broken') });
    const outcome = session.end();
    expect(outcome).toMatchObject({ state: 'imported', partial: true });
    expect(captured.moves('good').at(-1)).toBe('updating -> imported');
    expect(captured.moves('bad').at(-1)).toBe('analyzing -> failed');
    expect(session.end()).toBe(outcome);
    expect(captured.named('import.session.complete')).toHaveLength(1);
  });

  test('a session ends with an error, or canceled, as its block would', async () => {
    const captured = listen();
    const failing = await startSession({ id: 'a' });
    expect(failing.end({ error: new TypeError('bug') })).toMatchObject({ state: 'error' });
    const stopping = await startSession({ id: 'b' });
    stopping.startItem({ id: 'open' });
    expect(stopping.cancel('user pressed stop')).toMatchObject({
      state: 'canceled',
      reason: 'canceled: user pressed stop',
      counts: { failed: 1 },
    });
    expect(captured.named('import.session.error')).toHaveLength(1);
  });

  test('a session that ended before is told by its handle', async () => {
    setSessionHistory({
      lookup: async () => ({
        state: 'imported',
        attempt: 1,
        version: 1,
        items: async () => new Map<string, ItemPast>(),
      }),
    });
    const session = await startSession({ id: 's' });
    setSessionHistory(undefined);
    expect(session.skipped).toBe(true);
    expect(session.end()).toMatchObject({ state: 'imported', skipped: true });
    expect(await thrownBy(() => session.startItem({ id: 'i' }))).toMatchObject({ code: 'SPANLEDGER_SESSION_ENDED' });
  });
});

describe('the forms of await using', () => {
  test('3.3 with complete end as a block does', async () => {
    const captured = listen();
    const run = async (): Promise<void> => {
      await using session = await openSession({ id: 's' });
      {
        await using item = session.openItem({ id: 'i' });
        item?.to('checking', 'look');
        item?.complete();
      }
      session.complete();
    };
    await run();
    expect(captured.moves('i').at(-1)).toBe('updating -> imported');
    expect(captured.moves().at(-1)).toBe('importing -> imported');
  });

  test('3.3 without complete claim nothing: the state stays and an error record says so', async () => {
    const sdk = useSdk();
    const captured = listen();
    const session: SessionHandle = await openSession({ id: 's' });
    const work = (): void => {
      using item = session.openItem({ id: 'i' });
      item?.to('checking', 'look');
      throw new Error('unseen');
    };
    await thrownBy(work);
    expect(captured.moves('i').at(-1)).toBe('analyzing -> checking');
    expect(captured.named('import.item.error')[0]?.attributes[attribute.reason]).toBe('outcome unknown');
    expect(captured.named('import.item.end')).toHaveLength(0);
    expect(session.counts).toMatchObject({ processing: 1, failed: 0, imported: 0 });
    expect(sdk.named('import.item')[0]?.status.message).toBe('outcome unknown');
    // The session that goes on to a proper end may not leave it in work.
    expect(session.complete()).toMatchObject({ state: 'failed', counts: { failed: 1, processing: 0 } });
  });

  test('3.3 a session let go keeps its state', async () => {
    const captured = listen();
    const run = async (): Promise<void> => {
      await using session = await openSession({ id: 's' });
      session.to('ready', 'listed');
    };
    await run();
    expect(captured.moves()).toEqual(['pending -> ready']);
    expect(captured.named('import.session.error')[0]?.attributes[attribute.reason]).toBe('outcome unknown');
    expect(captured.named('import.session.complete')[0]?.attributes[attribute.outcome]).toBe('ready');
  });
});
