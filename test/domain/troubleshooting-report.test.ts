import { describe, expect, it } from 'vitest';
import { countItems, noItems } from '../../src/domain/statistics.ts';
import { type RecordedError, severityOf, troubleshootingReport } from '../../src/domain/troubleshooting-report.ts';

const failedOf = (failed: number, imported: number) =>
  countItems([...Array(failed).fill('failed'), ...Array(imported).fill('imported')]);

const errors: readonly RecordedError[] = [
  { itemId: 'a', category: 'permission_denied', message: 'EACCES', recommendedActions: ['Correct mode or owner.'] },
  { itemId: 'b', category: 'file_not_found', message: 'ENOENT', recommendedActions: ['List the folder.'] },
  { itemId: 'c', category: 'file_not_found', message: 'ENOENT', recommendedActions: ['List the folder.'] },
  { message: 'lost' },
];

const report = troubleshootingReport({ sessionId: 's', sessionState: 'failed', counts: failedOf(3, 0), errors });

describe('the troubleshooting report', () => {
  it('S1.26 counts errors by diagnosed category, the most frequent first', () => {
    expect(report.totalErrors).toBe(4);
    expect(Object.entries(report.errorCategories)).toEqual([
      ['file_not_found', 2],
      ['permission_denied', 1],
      ['unknown', 1],
    ]);
    expect(report.topErrorCategory).toBe('file_not_found');
  });

  it('S1.26 puts the actions of the most frequent category first, each once', () => {
    expect(report.recommendedActions.slice(0, 3)).toEqual([
      'List the folder.',
      'Correct mode or owner.',
      'Suspect a common cause: most items failed.',
    ]);
    expect(new Set(report.recommendedActions).size).toBe(report.recommendedActions.length);
  });

  it('S1.26 has no top category where there are no errors', () => {
    const calm = troubleshootingReport({
      sessionId: 's',
      sessionState: 'imported',
      counts: failedOf(0, 1),
      errors: [],
    });
    expect('topErrorCategory' in calm).toBe(false);
    expect(calm).toMatchObject({ totalErrors: 0, severity: 'low', stats: { successRate: 1, total: 1 } });
  });

  it.each([
    [0, 0, 'low'],
    [1, 4, 'low'],
    [21, 79, 'medium'],
    [1, 1, 'medium'],
    [51, 49, 'high'],
    [8, 2, 'high'],
    [81, 19, 'critical'],
  ])('S1.26 with %i failed and %i imported is of severity %s', (failed, imported, severity) => {
    expect(severityOf(failed + imported === 0 ? noItems : failedOf(failed, imported))).toBe(severity);
  });

  it('3.14 keeps fifty actions and says how many it leaves out', () => {
    const many = Array.from({ length: 60 }, (_, n) => ({ category: 'unknown', recommendedActions: [`action ${n}`] }));
    const { recommendedActions } = troubleshootingReport({
      sessionId: 's',
      sessionState: 'imported',
      counts: failedOf(0, 1),
      errors: many,
    });
    expect(recommendedActions).toHaveLength(51);
    expect(recommendedActions.at(-1)).toBe('11 further actions are left out.');
  });
});
