import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ItemState, isFinishedItemState, itemStateNames } from '../../src/domain/item-states.ts';
import { outcomeOf, sessionEndOnCancel, sessionEndOnThrow, sessionEntry } from '../../src/domain/outcome.ts';
import { isTerminalSessionState, sessionNext, sessionStateNames } from '../../src/domain/session-states.ts';
import { countItems, noItems } from '../../src/domain/statistics.ts';

const anyFinished = fc.constantFrom<ItemState>(...itemStateNames.filter(isFinishedItemState));

describe('the outcome rule', () => {
  it.each([
    ['one success', ['imported'], 'imported', false],
    ['nothing but duplicates', ['skipped', 'skipped'], 'imported', false],
    ['nothing but missing items', ['missing', 'missing'], 'failed', false],
    ['duplicates and one failure', ['skipped', 'failed'], 'failed', false],
    ['one success among failures', ['imported', 'failed', 'failed', 'missing'], 'imported', true],
    ['a warning', ['warning'], 'imported', false],
    ['a corrected path and a failure', ['path_updated', 'failed'], 'imported', true],
  ] as const)('S1.9 ends a session with %s', (_, states, state, partial) => {
    expect(outcomeOf(countItems(states))).toMatchObject({ state, partial });
  });

  it('S1.9 ends a session without items as imported with the note no_items', () => {
    expect(outcomeOf(noItems)).toEqual({ state: 'imported', partial: false, note: 'no_items', reason: 'no_items' });
  });

  it('names the counts in the reason', () => {
    expect(outcomeOf(countItems(['imported', 'skipped', 'missing'])).reason).toBe(
      'all 3 items finished: 1 imported, 1 skipped, 1 failed (1 missing)',
    );
    expect(outcomeOf(countItems(['imported'])).reason).toBe('the only item finished: 1 imported, 0 skipped, 0 failed');
  });

  it('S1.9 is not changed by duplicates beside other items', () => {
    fc.assert(
      fc.property(fc.array(anyFinished, { minLength: 1 }), fc.nat({ max: 50 }), (states, duplicates) => {
        const more = [...states, ...Array<ItemState>(duplicates).fill('skipped')];
        expect(outcomeOf(countItems(more)).state).toBe(outcomeOf(countItems(states)).state);
      }),
    );
  });
});

describe('an exception that leaves the session block', () => {
  it('3.2 ends the session in failed for an item error and for an own error that may pass', () => {
    expect(sessionEndOnThrow('importing', { origin: 'item', isRetryable: false })).toBe('failed');
    expect(sessionEndOnThrow('expanding', { origin: 'session', isRetryable: true })).toBe('failed');
  });

  it('3.2 ends the session in error for an own error that will not pass', () => {
    expect(sessionEndOnThrow('importing', { origin: 'session', isRetryable: false })).toBe('error');
  });

  it('3.2 ends a session that has not begun in error', () => {
    for (const state of ['pending', 'ready'] as const) {
      expect(sessionEndOnThrow(state, { origin: 'session', isRetryable: true })).toBe('error');
    }
  });

  it('3.2 leaves an ended session as it is, and else takes only moves of the table', () => {
    for (const state of sessionStateNames) {
      for (const origin of ['item', 'session'] as const) {
        for (const isRetryable of [true, false]) {
          const end = sessionEndOnThrow(state, { origin, isRetryable });
          if (end === undefined) expect(isTerminalSessionState(state)).toBe(true);
          else expect(sessionNext(state)).toContain(end);
        }
      }
    }
  });
});

describe('a cancel', () => {
  it('ends every session that has not ended, importing included', () => {
    for (const state of sessionStateNames) {
      expect(sessionEndOnCancel(state)).toBe(isTerminalSessionState(state) ? undefined : 'canceled');
    }
  });
});

describe('a session that is run again', () => {
  it('S0.5 is skipped, refused, retried, resumed or begun by its state', () => {
    expect(Object.fromEntries(sessionStateNames.map((state) => [state, sessionEntry(state)]))).toEqual({
      pending: 'begin',
      ready: 'begin',
      expanding: 'resume',
      processing: 'resume',
      enqueued: 'resume',
      importing: 'resume',
      imported: 'skip',
      canceled: 'skip',
      expired: 'skip',
      error: 'refuse',
      failed: 'retry',
    });
  });
});
