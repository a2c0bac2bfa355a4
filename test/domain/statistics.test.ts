import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ItemState, itemStateNames } from '../../src/domain/item-states.ts';
import {
  allFinished,
  countItems,
  createItemCounter,
  finishedCount,
  noItems,
  successRate,
} from '../../src/domain/statistics.ts';

const anyState = fc.constantFrom<ItemState>(...itemStateNames);

describe('counts of items', () => {
  it('S1.10 put each state into its group, missing into failed and apart', () => {
    expect(countItems(itemStateNames)).toEqual({
      total: 12,
      pending: 1,
      processing: 4,
      imported: 4,
      skipped: 1,
      failed: 2,
      missing: 1,
    });
  });

  it('S1.10 always sum to the total', () => {
    fc.assert(
      fc.property(fc.array(anyState), (states) => {
        const { total, pending, processing, imported, skipped, failed, missing } = countItems(states);
        expect(pending + processing + imported + skipped + failed).toBe(total);
        expect(total).toBe(states.length);
        expect(missing).toBeLessThanOrEqual(failed);
      }),
    );
  });

  it('S1.10 kept move by move are those computed from the states', () => {
    const step = fc.record({ item: fc.nat({ max: 9 }), to: anyState });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const states = new Map<number, ItemState>();
        const counter = createItemCounter();
        for (const { item, to } of steps) {
          const from = states.get(item);
          if (from === undefined) counter.add(to);
          else counter.move(from, to);
          states.set(item, to);
          expect(counter.counts()).toEqual(countItems(states.values()));
        }
      }),
    );
  });

  it('go on from counts of an earlier run and do not change them', () => {
    const counter = createItemCounter(noItems);
    counter.add('pending');
    expect(counter.counts().pending).toBe(1);
    expect(noItems.pending).toBe(0);
  });

  it('are snapshots that later moves leave alone', () => {
    const counter = createItemCounter();
    counter.add('pending');
    const before = counter.counts();
    counter.move('pending', 'analyzing');
    expect([before.processing, counter.counts().processing]).toEqual([0, 1]);
  });
});

describe('the success rate', () => {
  it('is undefined where nothing succeeded or failed', () => {
    expect(successRate(noItems)).toBeUndefined();
    expect(successRate(countItems(['skipped', 'skipped', 'pending']))).toBeUndefined();
  });

  it('leaves duplicates out and holds missing items against it', () => {
    expect(successRate(countItems(['imported', 'skipped', 'skipped', 'missing']))).toBe(0.5);
    expect(successRate(countItems(['missing']))).toBe(0);
    expect(successRate(countItems(['warning', 'path_updated', 'source_restored']))).toBe(1);
  });
});

describe('all items', () => {
  it('are finished when none is pending or in work, skipped, missing and warning included', () => {
    expect(allFinished(countItems(['skipped', 'missing', 'warning', 'failed', 'imported']))).toBe(true);
    expect(allFinished(countItems(['imported', 'pending']))).toBe(false);
    expect(allFinished(countItems(['imported', 'moving']))).toBe(false);
  });

  it('are counted as finished in any way', () => {
    expect(finishedCount(countItems(itemStateNames))).toBe(7);
  });
});
