/** The verdict on a session or unit: it works, it waits as it said, it lives and does not advance, nobody works on it, it is over. */
export type Verdict = 'running' | 'waiting' | 'stuck' | 'lost' | 'done';

/** After which silence a verdict changes. */
export interface VerdictLimits {
  /** Longest time without progress before work counts as stuck. */
  readonly stuckAfterMillis: number;
  /** Longest time without a sign of life before work counts as lost. */
  readonly lostAfterMillis: number;
  /** Longest time that the work may take at all; none where absent. */
  readonly limitMillis?: number;
  /** How late a wait may end before it counts as stuck: timers are late, and records are on their way. Default 30 s. */
  readonly overdueAfterMillis?: number;
  /** Where `stuckAfterMillis` comes from, in words: `3 x its p95 of the last 40 runs`. */
  readonly basis?: string;
}

const defaultOverdueAfterMillis = 30_000;

/** Limits of a step, item or task unless others are set: ten minutes without progress, two without a sign of life. */
export const defaultVerdictLimits: VerdictLimits = { stuckAfterMillis: 600_000, lostAfterMillis: 120_000 };

/** Limits of a session: an hour without progress. */
const sessionVerdictLimits: VerdictLimits = { ...defaultVerdictLimits, stuckAfterMillis: 3_600_000 };

/** Limits of a session of kind `local`: two hours without progress. */
const localSessionVerdictLimits: VerdictLimits = { ...defaultVerdictLimits, stuckAfterMillis: 7_200_000 };

/** The limits for a kind of unit and, where it is a session, its kind of session. */
export function verdictLimitsOf(unit: string, sessionKind?: string): VerdictLimits {
  if (unit !== 'session') return defaultVerdictLimits;
  return sessionKind === 'local' ? localSessionVerdictLimits : sessionVerdictLimits;
}

/** A unit inside the one judged that has not ended. Its progress is progress of the whole. */
export interface OpenUnit {
  readonly name: string;
  /** Microseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Microseconds since the Unix epoch. */
  readonly lastProgressAt?: number;
  /** It waits until then, as it said. Microseconds since the Unix epoch. */
  readonly waitingUntil?: number;
}

/** A wait that was declared and has not ended. */
export interface OpenWait {
  /** Microseconds since the Unix epoch. */
  readonly until: number;
  readonly reason?: string;
}

/** What is known of the work that is judged. Times are microseconds since the Unix epoch. */
export interface VerdictFacts {
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly lastProgressAt?: number;
  /** Last heartbeat of the process that does the work. */
  readonly heartbeatAt?: number;
  /** End of the process that did the work, where one is recorded. */
  readonly instanceEndedAt?: number;
  /** A wait of its own. */
  readonly wait?: OpenWait;
  /** Units inside it inside which nothing is open. */
  readonly openUnits?: readonly OpenUnit[];
  readonly now: number;
  readonly limits?: VerdictLimits;
}

/** A verdict and what it rests on. Times are microseconds since the Unix epoch. */
export interface VerdictEvidence {
  readonly verdict: Verdict;
  /** The verdict in a sentence. */
  readonly reason: string;
  readonly lastProgressAt: number;
  /** Latest of start, progress and heartbeat: the last proof that somebody lived. */
  readonly lastSignOfLifeAt: number;
  /** Progress is expected before this; absent where the work is over. */
  readonly progressExpectedBy?: number;
  /** Where the work stands: the open unit that began last. */
  readonly openUnit?: OpenUnit;
}

/**
 * Judges work by these rules, in this order; the SQL function `verdict` judges by the same ones.
 *
 * 1. It has ended: `done`.
 * 2. Its process has ended, or gave no sign of life for longer than the limit: `lost`. Progress is a sign of life. Where no
 *    heartbeat was ever seen, progress and a declared wait are the only signs, and the longer of both limits holds.
 * 3. It takes longer than the limit set for it: `stuck`.
 * 4. It waits as it said, or all that is open inside it does: `waiting`; `stuck` when the time it named is over and half a
 *    minute more.
 * 5. It made no progress for longer than the limit: `stuck`.
 * 6. Else: `running`.
 *
 * A time in the future counts as now. A silence of exactly the limit is still within it.
 */
export function verdictOf(facts: VerdictFacts): VerdictEvidence {
  const limits = facts.limits ?? defaultVerdictLimits;
  const lastProgressAt = latest([facts.startedAt, facts.lastProgressAt, ...unitTimes(facts.openUnits ?? [])]);
  const lastSignOfLifeAt = latest([lastProgressAt, facts.heartbeatAt]);
  const base = { lastProgressAt, lastSignOfLifeAt };
  if (facts.endedAt !== undefined) return { verdict: 'done', reason: `ended at ${utc(facts.endedAt)}`, ...base };
  const openUnit = lastBegun(facts.openUnits ?? []);
  const wait = openWait(facts);
  const open = {
    ...base,
    progressExpectedBy: wait?.until ?? lastProgressAt + limits.stuckAfterMillis * 1000,
    ...(openUnit !== undefined && { openUnit }),
  };
  const place = openUnit === undefined ? '' : `, in ${openUnit.name} since ${utc(openUnit.startedAt)}`;
  const [verdict, reason] = judge({ facts, limits, lastProgressAt, lastSignOfLifeAt, wait });
  return { verdict, reason: `${reason}${place}`, ...open };
}

interface OpenWork {
  readonly facts: VerdictFacts;
  readonly limits: VerdictLimits;
  readonly lastProgressAt: number;
  readonly lastSignOfLifeAt: number;
  readonly wait: OpenWait | undefined;
}

function judge(work: OpenWork): readonly [Verdict, string] {
  const { facts, limits, lastProgressAt, lastSignOfLifeAt, wait } = work;
  const { now, instanceEndedAt, startedAt } = facts;
  if (instanceEndedAt !== undefined) {
    return ['lost', `its process ended at ${utc(instanceEndedAt)} and left it open`];
  }
  const silentMillis = (now - lastSignOfLifeAt) / 1000;
  if (now > silenceEnd(work)) return ['lost', `no sign of life for ${seconds(silentMillis)}`];
  const ageMillis = (now - startedAt) / 1000;
  if (limits.limitMillis !== undefined && ageMillis > limits.limitMillis) {
    return ['stuck', `it takes ${seconds(ageMillis)}, longer than its limit of ${seconds(limits.limitMillis)}`];
  }
  if (wait !== undefined) return judgeWait(wait, limits, now);
  const idleMillis = (now - lastProgressAt) / 1000;
  if (idleMillis <= limits.stuckAfterMillis) return ['running', `last progress ${seconds(idleMillis)} ago`];
  const compared = limits.basis === undefined ? '' : ` (allowed: ${seconds(limits.stuckAfterMillis)}, ${limits.basis})`;
  return ['stuck', `its process lives, no progress for ${seconds(idleMillis)}${compared}`];
}

function judgeWait({ until, reason }: OpenWait, limits: VerdictLimits, now: number): readonly [Verdict, string] {
  const why = reason === undefined ? '' : ` for ${reason}`;
  const lateMillis = (now - until) / 1000;
  if (lateMillis <= 0) return ['waiting', `waits until ${utc(until)}${why}, ${seconds(-lateMillis)} more`];
  const isOverdue = lateMillis > (limits.overdueAfterMillis ?? defaultOverdueAfterMillis);
  return [isOverdue ? 'stuck' : 'waiting', `waited until ${utc(until)}${why}, overdue by ${seconds(lateMillis)}`];
}

/** The time from which on nobody is thought to live. */
function silenceEnd({ facts, limits, lastSignOfLifeAt, wait }: OpenWork): number {
  const { lostAfterMillis, stuckAfterMillis } = limits;
  if (facts.heartbeatAt !== undefined) return lastSignOfLifeAt + lostAfterMillis * 1000;
  const promised = wait?.until ?? Number.NEGATIVE_INFINITY;
  return Math.max(lastSignOfLifeAt, promised) + Math.max(lostAfterMillis, stuckAfterMillis) * 1000;
}

/** Its own wait; else that of the units inside it, if all of them wait: the one that ends last. */
function openWait({ wait, openUnits = [] }: VerdictFacts): OpenWait | undefined {
  if (wait !== undefined) return wait;
  if (openUnits.length === 0) return undefined;
  let until = Number.NEGATIVE_INFINITY;
  for (const { waitingUntil } of openUnits) {
    if (waitingUntil === undefined) return undefined;
    until = Math.max(until, waitingUntil);
  }
  return { until };
}

function unitTimes(units: readonly OpenUnit[]): readonly (number | undefined)[] {
  return units.flatMap((unit) => [unit.startedAt, unit.lastProgressAt]);
}

function latest(times: readonly (number | undefined)[]): number {
  return times.reduce<number>(
    (last, time) => (time !== undefined && time > last ? time : last),
    Number.NEGATIVE_INFINITY,
  );
}

function lastBegun(units: readonly OpenUnit[]): OpenUnit | undefined {
  return units.reduce<OpenUnit | undefined>(
    (last, unit) => (last === undefined || unit.startedAt >= last.startedAt ? unit : last),
    undefined,
  );
}

function seconds(millis: number): string {
  return `${Math.max(0, Math.round(millis / 1000))} s`;
}

function utc(micros: number): string {
  const date = new Date(micros / 1000);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toISOString();
}
