import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/domain/diagnosis.ts';
import { ActionRecommender } from '../../src/domain/recommendations.ts';
import { countItems, noItems } from '../../src/domain/statistics.ts';

const { forSession, forItem, forCounts } = ActionRecommender;
const failedOf = (failed: number, imported: number) =>
  countItems([...Array(failed).fill('failed'), ...Array(imported).fill('imported')]);

describe('recommendations for a session', () => {
  it('S1.24 send a session in error to its root cause, the consistency check and a new session, in this order', () => {
    const [first, second, third] = forSession('error', noItems);
    expect(first).toContain('root cause');
    expect(second).toContain('consistency check');
    expect(third).toContain('new session');
  });

  it('S1.24 suspect a common cause when more than half of a failed session failed, else retry one by one', () => {
    expect(forSession('failed', failedOf(6, 4))[0]).toContain('common cause');
    expect(forSession('failed', failedOf(5, 5))).toEqual(['Retry the failed items one by one.']);
  });

  it('S1.24 check a session at work in which nothing is active, and apply its outcome', () => {
    expect(forSession('importing', failedOf(2, 0))).toEqual([
      'Run the consistency check.',
      'Synchronise the session; by the outcome rule it ends failed.',
    ]);
    expect(forSession('importing', countItems(['moving', 'failed']))).toEqual([]);
  });

  it('S1.24 state the success rate and the duplicates of an imported session', () => {
    expect(forSession('imported', countItems(['imported', 'imported', 'failed', 'skipped']))[0]).toBe(
      'Imported 2 (66.7 % of the judged items), 1 duplicates, 1 failed.',
    );
  });
});

describe('recommendations for an item', () => {
  it('S1.24 are those of its diagnosis, and whether to retry', () => {
    const diagnosis = diagnose(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(forItem(diagnosis)).toEqual([...diagnosis.recommendedActions, 'Retry the item (yes).']);
    expect(forItem(diagnose(Object.assign(new Error('gone'), { code: 'ENOENT' }))).at(-1)).toContain('Do not retry');
  });
});

describe('recommendations for counts', () => {
  it.each([
    ['nothing', noItems, 'input'],
    ['mostly failures', failedOf(3, 1), 'common cause'],
    ['mostly missing items', countItems(['missing', 'missing', 'imported']), 'source is mounted'],
    ['mostly duplicates', countItems(['skipped', 'skipped', 'imported']), 'earlier sessions of the same account'],
  ])('S1.24 see %s', (_, counts, expected) => {
    expect(forCounts(counts).join(' ')).toContain(expected);
  });

  it('S1.24 have nothing to say about a good session', () => {
    expect(forCounts(failedOf(0, 5))).toEqual([]);
  });
});
