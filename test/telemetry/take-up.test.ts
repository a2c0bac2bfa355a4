import { afterEach, describe, expect, test } from 'vitest';
import { importSession } from '../../src/index.ts';
import { attribute } from '../../src/telemetry/conventions.ts';
import { type ItemPast, type SessionPast, setSessionHistory } from '../../src/telemetry/history.ts';
import { detailsOf, HandClock, listen, thrownBy } from './captured-events.ts';

/** What earlier runs left: a session in this state, with these items. */
function past(state: SessionPast['state'], items: Readonly<Record<string, ItemPast['state']>> = {}): void {
  const version = 1_600_000_000_000_000;
  const known = new Map(Object.entries(items).map(([id, of]) => [id, { state: of, attempt: 1, version }]));
  setSessionHistory({
    lookup: (id) => Promise.resolve(id === 's' ? { state, attempt: 1, version, items: async () => known } : undefined),
  });
}

const each = (ids: readonly string[], ran: string[] = []) => ({
  ran,
  run: () =>
    importSession({ id: 's' }, (session) =>
      session.each(ids, { id: (id) => id }, (item) => {
        ran.push(`${item.id}#${item.attempt}`);
      }),
    ),
});

afterEach(() => setSessionHistory(undefined));

describe('a session that is run again', () => {
  test.each(['imported', 'canceled', 'expired'] as const)('S0.5 is skipped where it ended %s', async (state) => {
    past(state);
    const captured = listen();
    const { ran, run } = each(['a']);
    const outcome = await run();
    expect(ran).toEqual([]);
    expect(outcome).toMatchObject({ state, skipped: true, reason: `already ${state}` });
    expect(captured.all.map(({ name }) => name)).toEqual(['import.session.skip']);
    expect(detailsOf(captured.all[0])).toEqual({ session_id: 's', note: `already ${state}` });
    expect(captured.all[0]?.attributes[attribute.toState]).toBeUndefined();
  });

  test('S0.5 is skipped with the counts that are stored, where they are known', async () => {
    const counts = { total: 3, pending: 0, processing: 0, imported: 2, skipped: 0, failed: 1, missing: 0 };
    setSessionHistory({
      lookup: async () => ({ state: 'imported', attempt: 1, version: 1, counts, items: async () => new Map() }),
    });
    expect(await importSession({ id: 's' }, () => undefined)).toMatchObject({ counts, partial: true });
  });

  test('S0.5 is refused where it ended in error, and may be asked again', async () => {
    past('error');
    const captured = listen();
    const refused = { code: 'SPANLEDGER_SESSION_REFUSED', message: expect.stringContaining('s ended in error') };
    expect(await thrownBy(each(['a']).run)).toMatchObject(refused);
    expect(await thrownBy(each(['a']).run)).toMatchObject(refused);
    expect(captured.named('import.session.skip')[0]?.attributes[attribute.level]).toBe('warning');
  });

  test('is retried where it failed: attempt 2, failed items again, finished ones not', async () => {
    past('failed', { a: 'failed', b: 'imported', c: 'missing', d: 'skipped' });
    const captured = listen();
    const { ran, run } = each(['a', 'b', 'c', 'd']);
    const outcome = await run();
    expect(ran).toEqual(['a#2']);
    expect(captured.moves().slice(0, 2)).toEqual(['failed -> processing', 'processing -> importing']);
    expect(captured.moves('a').slice(0, 2)).toEqual(['failed -> analyzing', 'analyzing -> checking']);
    expect(captured.named('import.item.refused').map(({ unitAttributes }) => unitAttributes[attribute.itemId])).toEqual(
      ['b', 'c', 'd'],
    );
    expect(outcome).toMatchObject({
      state: 'imported',
      attempt: 2,
      partial: true,
      counts: { total: 4, imported: 2, skipped: 1, failed: 1, missing: 1 },
    });
    expect(captured.named('import.session.recovered')).toHaveLength(0);
  });

  test('is taken up where a dead run left it open: recovered, items left in work failed and run again', async () => {
    past('importing', { a: 'imported', b: 'moving', c: 'pending' });
    const captured = listen();
    const { ran, run } = each(['a', 'b', 'c', 'd']);
    const outcome = await run();
    expect(ran).toEqual(['b#2', 'c#1', 'd#1']);
    expect(captured.named('import.session.recovered')[0]?.attributes).toMatchObject({
      [attribute.level]: 'warning',
      [attribute.attempt]: 2,
    });
    expect(captured.moves('b').slice(0, 2)).toEqual(['moving -> failed', 'failed -> analyzing']);
    expect(captured.named('import.session.start')[0]?.attributes[attribute.toState]).toBe('importing');
    expect(outcome).toMatchObject({ state: 'imported', attempt: 2, counts: { total: 4, imported: 4 } });
  });

  test('fails what an earlier run left unfinished and this one never offered', async () => {
    past('importing', { a: 'imported', gone: 'moving' });
    const captured = listen();
    const outcome = await each(['a']).run();
    expect(captured.moves('gone')).toEqual(['moving -> failed']);
    const left = captured.named('import.item.transition')[0];
    expect(left?.unitAttributes).toMatchObject({ [attribute.unit]: 'item', [attribute.itemId]: 'gone' });
    expect(left?.attributes[attribute.auto]).toBe(true);
    expect(outcome).toMatchObject({ state: 'imported', partial: true, counts: { total: 2, failed: 1, processing: 0 } });
  });

  test('goes on from the versions stored, also where the clock was set back', async () => {
    past('failed', { a: 'failed' });
    const captured = listen();
    const clock = new HandClock(1_500_000_000_000_000);
    await importSession({ id: 's', clock }, (session) => session.item({ id: 'a' }, () => undefined));
    const versions = (unit: string) =>
      captured.all
        .filter(({ unitAttributes }) => unitAttributes[attribute.unit] === unit)
        .map(({ attributes }) => Number(attributes[attribute.version]));
    for (const unit of ['session', 'item']) {
      const own = versions(unit);
      expect(own[0]).toBeGreaterThan(1_600_000_000_000_000);
      expect(own.every((version, index) => index === 0 || version > (own[index - 1] ?? 0))).toBe(true);
    }
  });

  test('begins anew where its history cannot be read', async () => {
    setSessionHistory({ lookup: () => Promise.reject(new Error('no database')) });
    expect(await each(['a']).run()).toMatchObject({ state: 'imported', attempt: 1 });
  });
});

describe('an item that is offered twice', () => {
  test('in one run is not run again once it is finished, and is retried once it failed', async () => {
    const captured = listen();
    const attempts: number[] = [];
    const outcome = await importSession({ id: 's' }, async (session) => {
      expect(await session.item({ id: 'a' }, () => 'first')).toBe('first');
      expect(await session.item({ id: 'a' }, () => 'second')).toBeUndefined();
      const flaky = (item: { attempt: number }): void => {
        attempts.push(item.attempt);
        if (item.attempt === 1) throw new Error('once');
      };
      await thrownBy(() => session.item({ id: 'b' }, flaky));
      await session.item({ id: 'b' }, flaky);
    });
    expect(attempts).toEqual([1, 2]);
    expect(captured.named('import.item.refused')).toHaveLength(1);
    expect(outcome.counts).toMatchObject({ total: 2, imported: 2, failed: 0 });
  });

  test('while it is in work is refused', async () => {
    await importSession({ id: 's' }, (session) =>
      session.item({ id: 'a' }, async () => {
        expect(await thrownBy(() => session.item({ id: 'a' }, () => undefined))).toMatchObject({
          code: 'SPANLEDGER_INVALID_ID',
        });
      }),
    );
  });
});
