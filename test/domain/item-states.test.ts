import { describe, expect, it } from 'vitest';
import {
  isActiveItemState,
  isFinishedItemState,
  isItemState,
  isRetryableItemState,
  itemNext,
  itemNextOnThrow,
  itemStateNames,
  itemStates,
} from '../../src/domain/item-states.ts';

const book = {
  pending: ['open', 'analyzing missing failed'],
  analyzing: ['open', 'checking missing failed'],
  checking: ['open', 'moving skipped failed'],
  moving: ['open', 'updating source_restored failed'],
  updating: ['open', 'imported path_updated warning failed'],
  imported: ['success', ''],
  skipped: ['neutral', ''],
  failed: ['failure', 'analyzing'],
  missing: ['failure', ''],
  source_restored: ['success', ''],
  path_updated: ['success', ''],
  warning: ['success', 'imported'],
} as const;

const meaning = { pending: 'open', processing: 'open', imported: 'success', skipped: 'neutral', failed: 'failure' };

describe('item states', () => {
  it('S1.2 are the twelve of the book, each with the moves and the meaning of the book and no other', () => {
    const table = itemStateNames.map((state) => [
      state,
      [meaning[itemStates[state].countsAs], itemNext(state).toSorted().join(' ')],
    ]);
    const expected = Object.entries(book).map(([state, [kind, next]]) => [
      state,
      [kind, next.split(' ').toSorted().join(' ')],
    ]);
    expect(Object.fromEntries(table)).toEqual(Object.fromEntries(expected));
    expect(itemStateNames).toHaveLength(12);
  });

  it('S1.19 lead from warning to failed by an exception, and by nothing else', () => {
    expect(itemNext('warning')).toEqual(['imported']);
    const onlyOnThrow = itemStateNames.flatMap((state) =>
      itemNextOnThrow(state)
        .filter((to) => !itemNext(state).includes(to))
        .map((to) => `${state} -> ${to}`),
    );
    expect(onlyOnThrow).toEqual(['warning -> failed']);
  });

  it('S1.2 count missing and warning as finished', () => {
    expect(itemStateNames.filter((state) => !isFinishedItemState(state))).toEqual([
      'pending',
      'analyzing',
      'checking',
      'moving',
      'updating',
    ]);
  });

  it('S1.2 are in work from analyzing to updating', () => {
    expect(itemStateNames.filter(isActiveItemState)).toEqual(['analyzing', 'checking', 'moving', 'updating']);
  });

  it('S1.2 may be retried from failed only', () => {
    expect(itemStateNames.filter(isRetryableItemState)).toEqual(['failed']);
  });

  it('are recognised by name, inherited names excluded', () => {
    expect(itemStateNames.every(isItemState)).toBe(true);
    for (const other of ['constructor', 'dup', '', null, {}]) expect(isItemState(other)).toBe(false);
  });
});
