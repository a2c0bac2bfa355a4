import { describe, expect, it } from 'vitest';
import { StateConsistencyValidator, validateConsistency, validateCounts } from '../../src/domain/consistency.ts';
import type { ConsistencyFacts } from '../../src/domain/consistency-rules.ts';
import type { ItemState } from '../../src/domain/item-states.ts';
import type { SessionState } from '../../src/domain/session-states.ts';
import { countItems, noItems } from '../../src/domain/statistics.ts';

type Case = readonly [SessionState, readonly ItemState[], ConsistencyFacts?];

const rulesOf = ([state, items, facts]: Case) =>
  validateConsistency(state, items, facts).issues.map(({ rule }) => rule);

const issues: readonly (readonly [number, string, Case])[] = [
  [1, 'processing without items', ['processing', []]],
  [1, 'enqueued without items', ['enqueued', []]],
  [1, 'importing without items', ['importing', []]],
  [1, 'imported without items and without saying so', ['imported', [], { endReason: 'done' }]],
  [1, 'canceled without items and without a reason', ['canceled', [], { endReason: ' ' }]],
  [2, 'imported with an item in work', ['imported', ['imported', 'moving']]],
  [2, 'imported with a pending item', ['imported', ['imported', 'pending']]],
  [3, 'importing with all items finished and closed', ['importing', ['skipped', 'warning'], { closed: true }]],
  [4, 'pending with an item in work', ['pending', ['analyzing']]],
  [4, 'ready with an item in work', ['ready', ['updating', 'pending']]],
  [5, 'failed though one item was imported', ['failed', ['imported', 'failed']]],
  [6, 'imported though every item failed', ['imported', ['failed', 'skipped']]],
  [6, 'imported though every item was missing', ['imported', ['missing']]],
  [7, 'canceled with an item in work', ['canceled', ['moving', 'imported']]],
  [7, 'error with an item in work', ['error', ['moving']]],
  [7, 'failed with an item in work', ['failed', ['failed', 'checking']]],
  [7, 'expired with a pending item', ['expired', ['pending']]],
  [7, 'error with all items finished well and no cause', ['error', ['imported', 'skipped']]],
  [8, 'counts that differ', ['importing', ['pending', 'moving'], { storedCounts: noItems }]],
  [8, 'a state that differs from the last transition', ['imported', ['imported'], { lastRecordedState: 'importing' }]],
];

const sound: readonly (readonly [string, Case])[] = [
  ['expanding without items', ['expanding', []]],
  ['processing without items while it runs', ['processing', [], { running: true }]],
  ['imported without items that says no_items', ['imported', [], { endReason: 'no_items' }]],
  ['canceled without items with its reason', ['canceled', [], { endReason: 'by the user' }]],
  ['an ended session without items whose reason is not known', ['canceled', []]],
  ['imported with missing and warning items', ['imported', ['missing', 'warning', 'imported']]],
  ['imported with one success and many failures', ['imported', ['imported', 'failed', 'failed', 'failed']]],
  ['imported with duplicates only', ['imported', ['skipped', 'skipped']]],
  ['importing with all items finished while more may join', ['importing', ['imported'], { closed: false }]],
  ['failed with a success and an error of its own', ['failed', ['imported'], { sessionErrorRecorded: true }]],
  ['failed with a success by force', ['failed', ['imported'], { forced: true }]],
  ['failed with pending items', ['failed', ['imported', 'pending']]],
  ['canceled with items not started', ['canceled', ['pending', 'imported']]],
  ['error with a failed item', ['error', ['failed', 'imported']]],
  ['error with its own error recorded', ['error', ['imported'], { sessionErrorRecorded: true }]],
  ['equal stored counts', ['imported', ['imported'], { storedCounts: countItems(['warning']) }]],
];

describe('the consistency check', () => {
  it.each(issues)('S1.3 finds by rule %i: %s', (rule, _, subject) => {
    expect(rulesOf(subject)).toEqual([rule]);
  });

  it.each(sound)('S1.3 has no issue with %s', (_, subject) => {
    expect(rulesOf(subject)).toEqual([]);
  });

  it('S1.3 gives issues in full, with what to do', () => {
    const report = StateConsistencyValidator.validate('importing', ['failed', 'skipped'], { closed: true });
    expect(report).toEqual({
      isConsistent: false,
      issues: [
        {
          rule: 3,
          message: 'The session is importing and all its 2 items are finished.',
          recommendation: 'Synchronise the session; by the outcome rule it ends failed.',
        },
      ],
      notes: [],
      recommendations: ['Synchronise the session; by the outcome rule it ends failed.'],
    });
  });

  it('names each count that differs', () => {
    const [issue] = validateCounts('importing', countItems(['moving']), { storedCounts: noItems }).issues;
    expect(issue?.message).toBe(
      'The stored counts differ from the items: total 0 instead of 1, processing 0 instead of 1.',
    );
  });

  it('S1.3 tells of a partial import as a note, not as an issue', () => {
    const report = validateConsistency('imported', ['imported', 'failed', 'failed', 'skipped']);
    expect(report.isConsistent).toBe(true);
    expect(report.notes).toEqual(['partial: 1 imported, 2 failed, success rate 33.3 %']);
  });

  it('lists items that were not started as a note', () => {
    expect(validateConsistency('canceled', ['pending', 'pending']).notes).toEqual(['not started: 2 items']);
  });

  it('reports several findings at once', () => {
    expect(rulesOf(['expired', ['pending', 'moving'], { lastRecordedState: 'importing' }])).toEqual([7, 7, 8]);
  });
});
