/** The verdict on a session or unit: it works, it lives and does not advance, nobody works on it, it is over. */
export type Verdict = 'running' | 'stuck' | 'lost' | 'done';

/** After which silence a verdict changes. */
export interface VerdictLimits {
  /** Longest time without progress before work counts as stuck. */
  readonly stuckAfterMillis: number;
  /** Longest time without a sign of life before work counts as lost. */
  readonly lostAfterMillis: number;
}

/** Limits of a step, item or task unless others are set: ten minutes without progress, two without a sign of life. */
export const defaultVerdictLimits: VerdictLimits = { stuckAfterMillis: 600_000, lostAfterMillis: 120_000 };

/** Limits of a session: an hour without progress. */
export const sessionVerdictLimits: VerdictLimits = { ...defaultVerdictLimits, stuckAfterMillis: 3_600_000 };

/** Limits of a session of kind `local`: two hours without progress. */
export const localSessionVerdictLimits: VerdictLimits = { ...defaultVerdictLimits, stuckAfterMillis: 7_200_000 };

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
 * Judges work by these rules, in this order; the database judges by the same ones.
 *
 * 1. It has ended: `done`.
 * 2. Its process has ended, or gave no sign of life for longer than the limit: `lost`. Progress is a sign of life. Where no
 *    heartbeat was ever seen, progress is the only sign, and the longer of both limits holds.
 * 3. It made no progress for longer than the limit: `stuck`.
 * 4. Else: `running`.
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
  const open = {
    ...base,
    progressExpectedBy: lastProgressAt + limits.stuckAfterMillis * 1000,
    ...(openUnit !== undefined && { openUnit }),
  };
  const place = openUnit === undefined ? '' : `, in ${openUnit.name} since ${utc(openUnit.startedAt)}`;
  if (facts.instanceEndedAt !== undefined) {
    return {
      verdict: 'lost',
      reason: `its process ended at ${utc(facts.instanceEndedAt)} and left it open${place}`,
      ...open,
    };
  }
  const silentMillis = (facts.now - lastSignOfLifeAt) / 1000;
  if (silentMillis > silenceLimit(facts.heartbeatAt, limits)) {
    return { verdict: 'lost', reason: `no sign of life for ${seconds(silentMillis)}${place}`, ...open };
  }
  const idleMillis = (facts.now - lastProgressAt) / 1000;
  if (idleMillis > limits.stuckAfterMillis) {
    return { verdict: 'stuck', reason: `its process lives, no progress for ${seconds(idleMillis)}${place}`, ...open };
  }
  return { verdict: 'running', reason: `last progress ${seconds(idleMillis)} ago${place}`, ...open };
}

function silenceLimit(heartbeatAt: number | undefined, limits: VerdictLimits): number {
  const { lostAfterMillis, stuckAfterMillis } = limits;
  return heartbeatAt === undefined ? Math.max(lostAfterMillis, stuckAfterMillis) : lostAfterMillis;
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
