import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ItemState,
  isActiveItemState,
  isFinishedItemState,
  itemStateNames,
} from '../../src/domain/item-states.ts';
import {
  isTerminalSessionState,
  type SessionState,
  sessionNext,
  sessionStateNames,
} from '../../src/domain/session-states.ts';
import { createSessionStateMachine } from '../../src/domain/state-machine.ts';
import { countItems } from '../../src/domain/statistics.ts';
import { synchronise } from '../../src/domain/synchronisation.ts';

const sync = (state: SessionState, items: readonly ItemState[], closed: boolean) =>
  synchronise({ id: 's', state, counts: countItems(items), closed });
const targets = (state: SessionState, items: readonly ItemState[], closed: boolean) =>
  sync(state, items, closed).steps.map(({ to }) => to);

const anyItems = fc.array(fc.constantFrom<ItemState>(...itemStateNames), { maxLength: 8 });
const anySession = fc.constantFrom<SessionState>(...sessionStateNames);

describe('synchronising a session with its items', () => {
  it('S1.9 leaves an ended session as it is, whatever its items are', () => {
    for (const state of sessionStateNames.filter(isTerminalSessionState)) {
      expect(sync(state, ['moving', 'failed'], true)).toEqual({ rule: 'ended', steps: [] });
    }
  });

  it('S1.9 leaves a session without items as it is while items may join, and never moves it back', () => {
    for (const state of sessionStateNames.filter((one) => !isTerminalSessionState(one))) {
      expect(sync(state, [], false)).toEqual({ rule: 'empty', steps: [] });
    }
  });

  it('S1.9 moves a session with an item in work to importing along the legal path, each step with a reason', () => {
    const { steps } = sync('pending', ['analyzing', 'pending'], false);
    expect(steps).toEqual([
      { to: 'ready', reason: 'on the way to importing: items are in work' },
      { to: 'processing', reason: 'on the way to importing: items are in work' },
      { to: 'importing', reason: 'items are in work' },
    ]);
    expect(targets('enqueued', ['moving'], false)).toEqual(['importing']);
    expect(targets('importing', ['moving'], false)).toEqual([]);
  });

  it('S1.9 does not end a session whose first item was fast while more may join', () => {
    expect(sync('importing', ['imported'], false)).toEqual({ rule: 'waiting', steps: [] });
  });

  it('S1.9 ends a closed session when every item is finished in any way', () => {
    expect(targets('importing', ['skipped', 'missing', 'warning', 'failed'], true)).toEqual(['imported']);
    expect(targets('enqueued', ['imported'], true)).toEqual(['importing', 'imported']);
    expect(targets('importing', ['skipped', 'skipped'], true)).toEqual(['imported']);
    expect(targets('processing', ['failed', 'skipped'], true)).toEqual(['failed']);
  });

  it('S1.9 ends a closed session without items as imported with the reason no_items', () => {
    const { steps, outcome } = sync('ready', [], true);
    expect(steps.at(-1)).toEqual({ to: 'imported', reason: 'no_items' });
    expect(outcome?.note).toBe('no_items');
  });

  it('S1.9 keeps a closed session open while an item is pending', () => {
    expect(sync('importing', ['imported', 'pending'], true)).toEqual({ rule: 'waiting', steps: [] });
  });

  it('P6 takes only moves of the table, from every state and with any items', () => {
    fc.assert(
      fc.property(anySession, anyItems, fc.boolean(), (state, items, closed) => {
        const machine = createSessionStateMachine('s', { state });
        for (const { to, reason } of sync(state, items, closed).steps) {
          expect(sessionNext(machine.state)).toContain(to);
          machine.transition(to, reason);
        }
        if (isTerminalSessionState(state)) return;
        if (closed && items.every(isFinishedItemState)) expect(isTerminalSessionState(machine.state)).toBe(true);
        else if (items.some(isActiveItemState)) expect(machine.state).toBe('importing');
        else expect(machine.state).toBe(state);
      }),
    );
  });

  it('S1.9 has nothing more to do when it is repeated', () => {
    fc.assert(
      fc.property(anySession, anyItems, fc.boolean(), (state, items, closed) => {
        const settled = targets(state, items, closed).at(-1) ?? state;
        expect(targets(settled, items, closed)).toEqual([]);
      }),
    );
  });
});
