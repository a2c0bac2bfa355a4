import { expect, test } from 'vitest';
import type { ImportOutcome } from '../../src/index.ts';

interface Run {
  readonly sessionId: string;
  readonly outcome: ImportOutcome;
  readonly seconds: number;
  readonly target: string;
}

const summary = new URL('../../examples/local-import/summary.js', import.meta.url);
const { describeRun } = (await import(summary.href)) as { describeRun(run: Run): string };

const linesOf = (counts: Partial<ImportOutcome['counts']>, seconds: number) => {
  const outcome: ImportOutcome = {
    id: 'local-1',
    state: 'canceled',
    reason: 'canceled',
    attempt: 1,
    counts: { total: 0, pending: 0, processing: 0, imported: 0, skipped: 0, failed: 0, missing: 0, ...counts },
    partial: false,
    durationMillis: seconds * 1_000,
    skipped: false,
    failures: [],
    notStarted: { count: 0, ids: [] },
    traceId: '0'.repeat(32),
  };
  return describeRun({ sessionId: 'local-1', outcome, seconds, target: 'target' }).split('\n');
};

test('the summary of a canceled run counts what was done, and tells what was not', () => {
  const lines = linesOf({ total: 3000, imported: 5, skipped: 27, failed: 8, missing: 2, pending: 2960 }, 4);
  expect(lines).toContain(`  ${'not done'.padEnd(32)}    2960`);
  expect(lines).toContain(`  ${'files/s'.padEnd(32)}      10`);
});

test('the summary of a whole run leaves nothing undone', () => {
  expect(linesOf({ total: 30, imported: 30 }, 2).join()).not.toContain('not done');
});
