import type { Verdict, VerdictFacts } from '../../src/domain/verdict.ts';

/** One row of the table that every implementation of the verdict is held against. Times are microseconds since the epoch. */
export interface VerdictCase {
  readonly name: string;
  readonly facts: VerdictFacts;
  readonly verdict: Verdict;
}

const second = 1_000_000;
const now = 1_767_225_600 * second;
const ago = (seconds: number): number => now - seconds * second;
const limits = { stuckAfterMillis: 600_000, lostAfterMillis: 120_000 };

const row = (name: string, verdict: Verdict, facts: Omit<VerdictFacts, 'now'>): VerdictCase => ({
  name,
  verdict,
  facts: { now, limits, ...facts },
});

/** The verdict by example; the SQL function answers the same. */
export const verdictCases: readonly VerdictCase[] = [
  row('has just begun', 'running', { startedAt: now }),
  row('began and told of nothing else yet', 'running', { startedAt: ago(30) }),
  row('made progress lately and its process lives', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(5),
    heartbeatAt: ago(2),
  }),
  row('has ended', 'done', { startedAt: ago(9000), endedAt: ago(10), lastProgressAt: ago(10), heartbeatAt: ago(2) }),
  row('has ended and its process is long gone', 'done', {
    startedAt: ago(90_000),
    endedAt: ago(80_000),
    heartbeatAt: ago(79_000),
    instanceEndedAt: ago(79_000),
  }),
  row('has ended in the future of a clock that runs ahead', 'done', { startedAt: now, endedAt: ago(-60) }),
  row('has a living process and no progress for longer than the limit', 'stuck', {
    startedAt: ago(9000),
    lastProgressAt: ago(601),
    heartbeatAt: ago(2),
  }),
  row('has a living process and no progress for exactly the limit', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(600),
    heartbeatAt: ago(2),
  }),
  row('has a living process and no progress since its start', 'stuck', { startedAt: ago(700), heartbeatAt: ago(1) }),
  row('has a process without a heartbeat for longer than the limit', 'lost', {
    startedAt: ago(9000),
    lastProgressAt: ago(200),
    heartbeatAt: ago(121),
  }),
  row('has a process without a heartbeat for exactly the limit', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(200),
    heartbeatAt: ago(120),
  }),
  row('has neither heartbeat nor progress for a long time', 'lost', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(4000),
  }),
  row('made progress after its last heartbeat', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(20),
    heartbeatAt: ago(500),
  }),
  row('was left open by a process that ended', 'lost', {
    startedAt: ago(60),
    lastProgressAt: ago(10),
    heartbeatAt: ago(5),
    instanceEndedAt: ago(4),
  }),
  row('comes from where no heartbeat is known, silent for less than the longer limit', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(600),
  }),
  row('comes from where no heartbeat is known, silent for longer than that', 'lost', {
    startedAt: ago(9000),
    lastProgressAt: ago(601),
  }),
  row('has an open unit that makes progress', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    openUnits: [{ name: 'copy', startedAt: ago(4000), lastProgressAt: ago(30) }],
  }),
  row('has an open unit that began lately', 'running', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    openUnits: [{ name: 'copy', startedAt: ago(30) }],
  }),
  row('has open units that all stand still', 'stuck', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    openUnits: [
      { name: 'analyze', startedAt: ago(4000) },
      { name: 'copy', startedAt: ago(3000), lastProgressAt: ago(2900) },
    ],
  }),
  row('was written by a clock that runs ahead', 'running', {
    startedAt: ago(-3600),
    lastProgressAt: ago(-3600),
    heartbeatAt: ago(-3600),
  }),
  row('has a limit of its own for progress', 'stuck', {
    startedAt: ago(100),
    lastProgressAt: ago(10),
    heartbeatAt: ago(1),
    limits: { stuckAfterMillis: 5000, lostAfterMillis: 120_000 },
  }),
  row('waits as it said', 'waiting', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    wait: { until: ago(-600), reason: 'next cycle' },
  }),
  row('waits and its wait has just ended', 'waiting', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    wait: { until: ago(29) },
  }),
  row('waited until a time that is over', 'stuck', {
    startedAt: ago(9000),
    lastProgressAt: ago(50),
    heartbeatAt: ago(1),
    wait: { until: ago(31) },
  }),
  row('waits, and its process is silent', 'lost', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(121),
    wait: { until: ago(-600) },
  }),
  row('waits where no heartbeat is known', 'waiting', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    wait: { until: ago(-600) },
  }),
  row('waited where no heartbeat is known, longer ago than the longer limit', 'lost', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    wait: { until: ago(601) },
  }),
  row('waits in the process that ended', 'lost', {
    startedAt: ago(9000),
    heartbeatAt: ago(1),
    instanceEndedAt: ago(1),
    wait: { until: ago(-600) },
  }),
  row('has ended while it waited', 'done', { startedAt: ago(90), endedAt: ago(10), wait: { until: ago(-600) } }),
  row('has inside it only what waits', 'waiting', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    openUnits: [
      { name: 'pause', startedAt: ago(4000), waitingUntil: ago(100) },
      { name: 'pause', startedAt: ago(4000), waitingUntil: ago(-100) },
    ],
  }),
  row('has inside it something that waits and something that stands still', 'stuck', {
    startedAt: ago(9000),
    lastProgressAt: ago(5000),
    heartbeatAt: ago(1),
    openUnits: [
      { name: 'pause', startedAt: ago(4000), waitingUntil: ago(-100) },
      { name: 'copy', startedAt: ago(4000) },
    ],
  }),
  row('takes longer than its limit although it advances', 'stuck', {
    startedAt: ago(61),
    lastProgressAt: ago(1),
    heartbeatAt: ago(1),
    limits: { ...limits, limitMillis: 60_000 },
  }),
  row('takes longer than its limit although it waits', 'stuck', {
    startedAt: ago(61),
    lastProgressAt: ago(1),
    heartbeatAt: ago(1),
    wait: { until: ago(-600) },
    limits: { ...limits, limitMillis: 60_000 },
  }),
  row('takes exactly as long as its limit', 'running', {
    startedAt: ago(60),
    lastProgressAt: ago(1),
    heartbeatAt: ago(1),
    limits: { ...limits, limitMillis: 60_000 },
  }),
];
