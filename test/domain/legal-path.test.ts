import { describe, expect, it } from 'vitest';
import { isFinishedItemState, itemNext, itemStateNames } from '../../src/domain/item-states.ts';
import { legalPath } from '../../src/domain/legal-path.ts';
import { isTerminalSessionState, sessionNext, sessionStateNames } from '../../src/domain/session-states.ts';
import { itemMachine, sessionMachine } from '../../src/domain/transition.ts';

describe('the legal path', () => {
  it.each([
    ['pending', 'importing', 'ready processing importing'],
    ['pending', 'imported', 'ready processing imported'],
    ['ready', 'failed', 'processing failed'],
    ['expanding', 'importing', 'processing importing'],
    ['expanding', 'failed', 'failed'],
    ['enqueued', 'imported', 'importing imported'],
    ['processing', 'imported', 'imported'],
    ['importing', 'importing', ''],
  ] as const)('3.5 leads a session from %s to %s by: %s', (from, to, expected) => {
    expect(legalPath(sessionMachine, from, to)?.join(' ')).toBe(expected);
  });

  it.each([
    ['analyzing', 'imported', 'checking moving updating imported'],
    ['updating', 'imported', 'imported'],
    ['warning', 'imported', 'imported'],
    ['analyzing', 'skipped', 'checking skipped'],
    ['pending', 'imported', 'analyzing checking moving updating imported'],
  ] as const)('3.3 leads an item from %s to %s by: %s', (from, to, expected) => {
    expect(legalPath(itemMachine, from, to)?.join(' ')).toBe(expected);
  });

  it('3.5 never leads out of an end, but for an item from warning to imported', () => {
    const ways = [
      ...sessionStateNames
        .filter(isTerminalSessionState)
        .flatMap((from) => sessionStateNames.map((to) => [from, to, legalPath(sessionMachine, from, to)] as const)),
      ...itemStateNames
        .filter(isFinishedItemState)
        .flatMap((from) => itemStateNames.map((to) => [from, to, legalPath(itemMachine, from, to)] as const)),
    ];
    expect(ways.filter(([, , path]) => path !== undefined && path.length > 0)).toEqual([
      ['warning', 'imported', ['imported']],
    ]);
  });

  it('does not lead back', () => {
    expect(legalPath(sessionMachine, 'importing', 'processing')).toBeUndefined();
    expect(legalPath(sessionMachine, 'enqueued', 'expanding')).toBeUndefined();
    expect(legalPath(itemMachine, 'moving', 'skipped')).toBeUndefined();
  });

  it('3.5 takes only moves of the table and passes a session through ready, processing and importing only', () => {
    for (const from of sessionStateNames) {
      for (const to of sessionStateNames) {
        const path = legalPath(sessionMachine, from, to) ?? [];
        let state = from;
        for (const step of path) {
          expect(sessionNext(state)).toContain(step);
          state = step;
        }
        for (const passed of path.slice(0, -1)) expect(['ready', 'processing', 'importing']).toContain(passed);
      }
    }
  });

  it('3.3 takes only moves of the table and never passes an item through an end', () => {
    for (const from of itemStateNames) {
      for (const to of itemStateNames) {
        const path = legalPath(itemMachine, from, to) ?? [];
        let state = from;
        for (const step of path) {
          expect(itemNext(state)).toContain(step);
          state = step;
        }
        expect(path.slice(0, -1).some(isFinishedItemState)).toBe(false);
      }
    }
  });
});
