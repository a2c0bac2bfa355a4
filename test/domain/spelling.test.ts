import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemStateNames } from '../../src/domain/item-states.ts';
import { sessionStateNames } from '../../src/domain/session-states.ts';
import { parseItemState, parseSessionState, parseTaskStatus } from '../../src/domain/spelling.ts';
import { taskStatusNames } from '../../src/domain/task-status.ts';

describe('spellings at the border', () => {
  it('3.9 read every stored spelling as itself, in any letter case', () => {
    for (const state of sessionStateNames) {
      expect(parseSessionState(state)).toBe(state);
      expect(parseSessionState(` ${state.toUpperCase()} `)).toBe(state);
    }
    for (const state of itemStateNames) expect(parseItemState(state.toUpperCase())).toEqual({ state });
    for (const status of taskStatusNames) expect(parseTaskStatus(status.toLowerCase())).toBe(status);
  });

  it.each([
    ['cancelled', 'canceled'],
    ['Cancelled', 'canceled'],
    ['done', 'imported'],
    ['completed', 'imported'],
    ['SUCCESS', 'imported'],
  ])('3.9 read a session in %s as %s', (text, state) => {
    expect(parseSessionState(text)).toBe(state);
  });

  it.each([
    ['dup', { state: 'skipped', reason: 'duplicate' }],
    ['duplicate', { state: 'skipped', reason: 'duplicate' }],
    ['running', { state: 'analyzing' }],
    ['enqueued', { state: 'pending' }],
    ['expired', { state: 'failed', reason: 'url_expired' }],
    ['SUCCESS', { state: 'imported' }],
    ['path-updated', { state: 'path_updated' }],
  ])('3.9 read an item in %s with what its spelling told', (text, read) => {
    expect(parseItemState(text)).toEqual(read);
  });

  it.each([
    ['completed', 'SUCCESS'],
    ['done', 'SUCCESS'],
    ['error', 'FAILED'],
    ['in progress', 'IN_PROGRESS'],
  ])('3.9 read a step in %s as %s', (text, status) => {
    expect(parseTaskStatus(text)).toBe(status);
  });

  it('3.9 do not guess what an unknown word means', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        if (typeof value === 'string' && /^[a-z_ -]+$/i.test(value)) return;
        expect([parseSessionState(value), parseItemState(value), parseTaskStatus(value)]).toEqual(
          Array(3).fill(undefined),
        );
      }),
    );
    for (const word of ['paused', 'toString', '__proto__', '']) {
      expect([parseSessionState(word), parseItemState(word), parseTaskStatus(word)]).toEqual(Array(3).fill(undefined));
    }
  });
});
