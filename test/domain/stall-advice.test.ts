import { describe, expect, it } from 'vitest';
import { activityOf, adviceFor, type StallEvidence, stallCatalogue } from '../../src/domain/stall-advice.ts';

const stuck: StallEvidence = {
  verdict: 'stuck',
  activity: 'idle',
  isBlocked: false,
  frames: [],
  isBeforeFirstStep: false,
  unseenInside: [],
  hasLostRecords: false,
};
const told = (facts: Partial<StallEvidence>) =>
  adviceFor({ ...stuck, ...facts }).map(({ code, grade }) => `${code} ${grade}`);

describe('S2.18 the catalogue of stalls', () => {
  it.each<[string, Partial<StallEvidence>, string[]]>([
    ['a main thread in a write to a pipe', { isBlocked: true, frames: ['writeSync (node:fs:1:1)'] }, ['A evidence']],
    [
      'a main thread in a system call that writes',
      { isBlocked: true, frames: ['write to standard output, pipe:[1]'] },
      ['A evidence'],
    ],
    ['records that were dropped', { hasLostRecords: true }, ['A evidence']],
    ['a lock that somebody holds', { blockedBy: 'session 7 of maintenance', pendingCall: 'sql' }, ['B evidence']],
    ['a statement without an answer', { pendingCall: 'sql' }, ['B evidence']],
    ['an error of the database', { errorCategory: 'db_conflict' }, ['B evidence']],
    ['a step with the name of a database', { openStep: 'open database' }, ['B possible']],
    ['a request without an answer', { pendingCall: 'http', openStep: 'open database' }, ['C evidence']],
    ['a timeout', { errorCategory: 'timeout' }, ['C evidence']],
    ['a step with the name of a remote call', { openStep: 'fetch token' }, ['C possible']],
    ['a component at start', { openStep: 'init: vector index' }, ['D evidence']],
    ['a call that was entered', { unseenInside: ['step open'] }, ['D possible']],
    ['a run that began and did nothing', { isBeforeFirstStep: true }, ['D possible']],
    ['a loop', { isBlocked: true, activity: 'busy', frames: ['spin (/app/a.ts:3:1)'] }, ['E evidence']],
    ['a leak', { activity: 'busy', memory: { before: 100, now: 300 } }, ['E evidence']],
    ['silence of a busy process', { activity: 'busy' }, ['E possible']],
    ['silence of an idle process and nothing else', {}, []],
  ])('selects by %s', (_what, facts, codes) => {
    expect(told(facts)).toEqual(codes);
  });

  it('S2.12 says what speaks for an advice and what to do', () => {
    const [advice] = adviceFor({ ...stuck, blockedBy: 'session 7 of maintenance' });
    expect(advice?.because).toBe('its statement waits for a lock that session 7 of maintenance holds');
    expect(advice?.actions.join(' ')).toMatch(/lock_timeout.*Retry/);
  });

  it('gives none to work that advances, waits as it said or has ended without an error', () => {
    for (const verdict of ['running', 'waiting', 'done'] as const)
      expect(told({ verdict, openStep: 'fetch' })).toEqual([]);
  });

  it('gives the one that its last error speaks for to work that has ended', () => {
    expect(told({ verdict: 'done', errorCategory: 'network_error', openStep: 'open database' })).toEqual([
      'C evidence',
    ]);
  });

  it('has every letter once, each with something to do', () => {
    expect(stallCatalogue.map(({ code }) => code)).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(stallCatalogue.filter(({ actions }) => actions.length < 2)).toEqual([]);
  });
});

it.each([
  [undefined, 'unknown'],
  [0, 'idle'],
  [0.05, 'idle'],
  [0.2, 'active'],
  [0.5, 'busy'],
  [4, 'busy'],
] as const)('silent and busy differs from silent and idle: %s processors are %s', (ratio, activity) => {
  expect(activityOf(ratio)).toBe(activity);
});
