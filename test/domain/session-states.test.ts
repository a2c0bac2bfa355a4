import { describe, expect, it } from 'vitest';
import {
  canCancelSession,
  isRetryableSessionState,
  isSessionState,
  isTerminalSessionState,
  sessionNext,
  sessionStateNames,
  sessionStates,
} from '../../src/domain/session-states.ts';

const book = {
  pending: 'ready canceled expired error',
  ready: 'expanding processing canceled error',
  expanding: 'processing enqueued canceled error failed',
  processing: 'enqueued importing imported canceled error failed',
  enqueued: 'importing canceled error failed',
  importing: 'imported error failed canceled',
  imported: '',
  canceled: '',
  expired: '',
  error: '',
  failed: 'processing',
};

describe('session states', () => {
  it('S1.1 are the eleven of the book, each with the moves of the book and no other', () => {
    const table = Object.fromEntries(sessionStateNames.map((state) => [state, sessionNext(state).toSorted()]));
    const expected = Object.fromEntries(
      Object.entries(book).map(([state, next]) => [state, next === '' ? [] : next.split(' ').toSorted()]),
    );
    expect(table).toEqual(expected);
    expect(sessionStateNames).toHaveLength(11);
  });

  it('S1.1 are terminal in imported, canceled, expired, error and failed', () => {
    expect(sessionStateNames.filter(isTerminalSessionState)).toEqual([
      'imported',
      'canceled',
      'expired',
      'error',
      'failed',
    ]);
  });

  it('S1.1 may be retried from failed only', () => {
    expect(sessionStateNames.filter(isRetryableSessionState)).toEqual(['failed']);
  });

  it('S1.1 may be canceled from every state that is not terminal and from no other', () => {
    for (const state of sessionStateNames) expect(canCancelSession(state)).toBe(!isTerminalSessionState(state));
  });

  it('say in a paragraph what holds in each', () => {
    for (const state of sessionStateNames) expect(sessionStates[state].brief.length).toBeGreaterThan(40);
  });

  it('are recognised by name, inherited names excluded', () => {
    expect(sessionStateNames.every(isSessionState)).toBe(true);
    for (const other of ['toString', '__proto__', 'cancelled', '', 7, undefined])
      expect(isSessionState(other)).toBe(false);
  });
});
