import { afterEach, describe, expect, test } from 'vitest';
import { createStateManagementService, importSession, withItem } from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { type ItemPast, setSessionHistory } from '../../src/telemetry/history.ts';
import { listen, thrownBy, useSdk } from './captured-events.ts';

const states = createStateManagementService();
const version = 1_900_000_000_000_000;

afterEach(() => setSessionHistory(undefined));

function known(items: Readonly<Record<string, ItemPast['state']>>): void {
  const past = new Map(Object.entries(items).map(([id, state]) => [id, { state, attempt: 1, version }]));
  setSessionHistory({
    lookup: async (id) =>
      id === 's' ? { state: 'importing', attempt: 1, version, items: async () => past } : undefined,
  });
}

describe('the state management service', () => {
  test('S1.7, S1.8, S1.9 moves what is at work here through its own machine', async () => {
    const captured = listen();
    await importSession({ id: 's' }, async (session) => {
      await states.transitionSession('s', 'ready', 'listed');
      expect(session.state).toBe('ready');
      await session.item({ id: 'i' }, async (item) => {
        await states.transitionItem({ sessionId: 's', itemId: 'i' }, 'checking', 'duplicate check');
        expect(item.state).toBe('checking');
      });
      expect(await states.syncSessionWithItems('s')).toMatchObject({ state: 'importing', counts: { imported: 1 } });
    });
    expect(captured.moves('i')).toContain('analyzing -> checking');
  });

  test('moves what another run left, from its known state, with a growing version', async () => {
    useSdk();
    known({ i: 'checking', j: 'imported' });
    const captured = listen();
    await states.transitionItem({ sessionId: 's', itemId: 'i' }, 'failed', 'given up', { by: 'sweeper' });
    await states.transitionSession('s', 'canceled', 'given up');
    const [item, session] = captured.all;
    expect(item?.unitAttributes).toMatchObject({ [attribute.unit]: 'item', [attribute.itemId]: 'i' });
    expect(item?.attributes).toMatchObject({ [attribute.fromState]: 'checking', [attribute.toState]: 'failed' });
    expect(session?.unitAttributes).toMatchObject({ [attribute.unit]: 'session', [attribute.sessionId]: 's' });
    for (const event of captured.all) expect(event.attributes[attribute.version]).toBeGreaterThan(version);
  });

  test('S1.9 synchronises a session of another run once its items are all finished', async () => {
    known({ i: 'failed', j: 'imported' });
    const captured = listen();
    expect(await states.syncSessionWithItems('s')).toMatchObject({ state: 'importing' });
    expect(await states.syncSessionWithItems('s', { isClosed: true })).toMatchObject({
      state: 'imported',
      counts: { total: 2, imported: 1, failed: 1 },
    });
    expect(captured.all[0]?.attributes).toMatchObject({ [attribute.countTotal]: 2, [attribute.auto]: true });
  });

  test('S1.9 moves a session that nobody runs once it is asked, and not for an item that is worked on by its ids alone', async () => {
    const captured = listen();
    known({ i: 'pending' });
    await withItem({ sessionId: 's', itemId: 'i' }, () => 'stored');
    const done = captured.moves('i').at(-1);
    expect(done).toBe('updating -> imported');
    expect(captured.named('import.session.transition')).toEqual([]);
    known({ i: 'imported' });
    const { state, counts } = await states.syncSessionWithItems('s', { isClosed: true });
    expect({ state, imported: counts.imported }).toEqual({ state: 'imported', imported: 1 });
    const [moved] = captured.named('import.session.transition');
    expect(moved?.unitAttributes).toMatchObject({ [attribute.unit]: 'session', [attribute.sessionId]: 's' });
  });

  test('P6 refuses illegal moves and unknown ids', async () => {
    known({ i: 'checking' });
    const captured = listen();
    expect(await thrownBy(() => states.transitionSession('s', 'ready', 'back'))).toMatchObject({
      code: 'SPANLEDGER_ILLEGAL_TRANSITION',
    });
    expect(captured.named('import.session.transition_refused')).toHaveLength(1);
    const missing = { code: 'SPANLEDGER_NOT_FOUND' };
    expect(await thrownBy(() => states.transitionSession('other', 'ready', 'x'))).toMatchObject(missing);
    expect(await thrownBy(() => states.syncSessionWithItems('other'))).toMatchObject(missing);
    expect(
      await thrownBy(() => states.transitionItem({ sessionId: 's', itemId: 'other' }, 'failed', 'x')),
    ).toMatchObject(missing);
  });
});
