import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type VerdictFacts, verdictLimitsOf, verdictOf } from '../../src/domain/verdict.ts';
import { verdictCases } from './verdict-cases.ts';

const start = Date.UTC(2026, 0, 1) * 1000;
const minute = 60_000_000;

describe('the verdict', () => {
  it.each(verdictCases)('P5 is $verdict for work that $name', ({ facts, verdict }) => {
    expect(verdictOf(facts).verdict).toBe(verdict);
  });

  it('P5 tells of every verdict in the shared table', () => {
    expect(new Set(verdictCases.map(({ verdict }) => verdict))).toEqual(
      new Set(['running', 'waiting', 'stuck', 'lost', 'done']),
    );
  });

  it('P5 rests on evidence: last progress, when the next is due, where the work stands', () => {
    const unit = { name: 'copy', startedAt: start + minute };
    const facts = { startedAt: start, heartbeatAt: start + 20 * minute, openUnits: [unit], now: start + 20 * minute };
    expect(verdictOf(facts)).toEqual({
      verdict: 'stuck',
      reason: 'its process lives, no progress for 1140 s, in copy since 2026-01-01T00:01:00.000Z',
      lastProgressAt: start + minute,
      lastSignOfLifeAt: start + 20 * minute,
      progressExpectedBy: start + 11 * minute,
      openUnit: unit,
    });
  });

  it('P5 names the open unit that began last', () => {
    const openUnits = [
      { name: 'outer', startedAt: start },
      { name: 'inner', startedAt: start + 5 },
      { name: 'other', startedAt: start + 1 },
    ];
    expect(verdictOf({ startedAt: start, openUnits, now: start + 10 }).openUnit?.name).toBe('inner');
  });

  it('P5 expects nothing more of work that is done', () => {
    expect(verdictOf({ startedAt: start, endedAt: start + minute, now: start + 2 * minute })).toEqual({
      verdict: 'done',
      reason: 'ended at 2026-01-01T00:01:00.000Z',
      lastProgressAt: start,
      lastSignOfLifeAt: start,
    });
  });

  it('P5 does not cut silence short: more silence never turns lost into running', () => {
    const offset = fc.integer({ min: 0, max: 3000 }).map((seconds) => start + seconds * 1_000_000);
    const facts = fc.record(
      { startedAt: offset, lastProgressAt: offset, heartbeatAt: offset, now: offset },
      { requiredKeys: ['startedAt', 'now'] },
    );
    const severity = { done: -1, running: 0, waiting: 0, stuck: 1, lost: 2 };
    fc.assert(
      fc.property(facts, fc.nat({ max: 3000 }), (known: VerdictFacts, seconds) => {
        const later = { ...known, now: known.now + seconds * 1_000_000 };
        expect(severity[verdictOf(later).verdict]).toBeGreaterThanOrEqual(severity[verdictOf(known).verdict]);
      }),
    );
  });

  it.each([
    ['session', 'local', 7200],
    ['session', 'picker', 3600],
    ['session', undefined, 3600],
    ['item', undefined, 600],
    ['step', 'local', 600],
  ])('3.14 allows a %s of kind %s to be without progress for %i s', (unit, kind, seconds) => {
    expect(verdictLimitsOf(unit, kind)).toEqual({ stuckAfterMillis: seconds * 1000, lostAfterMillis: 120_000 });
  });

  it('judges by the limits of a unit unless told otherwise', () => {
    const facts = { startedAt: start, heartbeatAt: start + 11 * minute, now: start + 11 * minute };
    expect(verdictOf(facts).verdict).toBe('stuck');
    expect(verdictOf({ ...facts, limits: verdictLimitsOf('session') }).verdict).toBe('running');
  });

  it('does not throw for a time that is no time', () => {
    expect(verdictOf({ startedAt: start, endedAt: Number.MAX_VALUE, now: start }).reason).toBe(
      'ended at an unknown time',
    );
  });
});
