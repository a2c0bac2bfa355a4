import { expect, it } from 'vitest';
import { type CauseKind, causeOfDeath, type DeathFacts } from '../../src/domain/cause-of-death.ts';
import { judgeGone } from '../../src/domain/interruption.ts';

const rose = { oomKills: { before: 1, after: 2 } };
const still = { oomKills: { before: 1, after: 1 } };

it.each<[DeathFacts, CauseKind]>([
  [{}, 'unknown'],
  [{ evidence: { by: 'journal', found: 'its journal was left behind' } }, 'unknown'],
  [{ evidence: still }, 'unknown'],
  [{ evidence: rose }, 'oom'],
  [{ exitCode: 0 }, 'exit'],
  [{ exitCode: 1, evidence: rose }, 'exit'],
  [{ exitSignal: 'SIGKILL', evidence: still }, 'signal'],
  [{ exitSignal: 'SIGKILL', evidence: rose }, 'oom'],
  [{ exitSignal: 'SIGTERM', evidence: rose }, 'signal'],
  [{ exitSignal: 'SIGSEGV' }, 'crash'],
  [{ exitSignal: 'SIGABRT' }, 'crash'],
])('makes of %j the cause %s', (facts, kind) => {
  expect(causeOfDeath(facts).kind).toBe(kind);
});

it('tells of a worker thread that it was lost by its process, and the error that ended it', () => {
  const evidence = { by: 'parent', thread: 3 } as const;
  expect(causeOfDeath({ exitCode: 0, evidence }).text).toBe(
    'lost its worker thread 3, which ended with exit code 0, seen by its parent',
  );
  expect(
    causeOfDeath({ exitCode: 1, evidence: { ...evidence, error: 'ERR_WORKER_OUT_OF_MEMORY: too much' } }).text,
  ).toBe(
    'lost its worker thread 3, which ended with exit code 1, seen by its parent: ERR_WORKER_OUT_OF_MEMORY: too much',
  );
});

const limits = { silenceMillis: 120_000, graceMillis: 5_000 };

it.each([
  ['an end whose cause is known', { isEnded: true, isProven: true, silentMillis: 0 }, 'gone'],
  ['an end without a cause', { isEnded: true, isProven: false, silentMillis: 0 }, 'suspect'],
  ['the same after a moment', { isEnded: true, isProven: false, silentMillis: 0, suspectedMillis: 5_000 }, 'gone'],
  ['a silence within the limit', { isEnded: false, isProven: false, silentMillis: 120_000 }, 'alive'],
  ['a silence that nobody has watched', { isEnded: false, isProven: false, silentMillis: 9e9 }, 'suspect'],
  ['one that was watched', { isEnded: false, isProven: false, silentMillis: 9e9, suspectedMillis: 120_001 }, 'gone'],
  [
    'one of a process that runs here',
    { isEnded: false, isProven: false, silentMillis: 9e9, suspectedMillis: 9e9, isRunningHere: true },
    'alive',
  ],
])('judges %s', (_, facts, verdict) => {
  expect(judgeGone(facts, limits)).toBe(verdict);
});
