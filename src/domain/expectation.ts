/** A length of time. Its parts add up; at least one is given, none is negative. */
export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** One part of a volume: so many pieces of so long each. */
export interface VolumePart {
  /** What the pieces are, such as `batches`. */
  readonly part: string;
  /** Default 1. */
  readonly count?: number;
  readonly each: Duration;
}

/** What a program says beforehand of how long a unit takes. */
export interface ExpectationOptions {
  /** How long it should take: a duration, or the volumes it is computed from. */
  readonly expected?: Duration | readonly VolumePart[];
  /** Longest time it may take. Beyond it the unit counts as stuck, whatever progress it shows. */
  readonly limit?: Duration;
  /** Longest time without progress before it counts as stuck. Default: three times its own 95th percentile, else a limit by kind. */
  readonly stuckAfter?: Duration;
}

/** A part of an expectation, computed. Milliseconds. */
export interface ExpectedPart {
  readonly part: string;
  readonly count: number;
  readonly each_ms: number;
  readonly ms: number;
}

/** What is stored with the unit, as JSON in `task_progress.expectation`. Milliseconds. */
export interface Expectation {
  readonly expected_ms?: number;
  /** `caller`: said outright; `volumes`: computed from its parts. */
  readonly source?: 'caller' | 'volumes';
  readonly parts?: readonly ExpectedPart[];
  readonly limit_ms?: number;
  readonly stuck_after_ms?: number;
}

const unitMillis = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000, milliseconds: 1 } as const;

/** Milliseconds of a duration; `undefined` where it is none: empty, negative, or not made of finite numbers. */
export function durationMillis(duration: Duration | undefined): number | undefined {
  if (typeof duration !== 'object' || duration === null) return undefined;
  let millis: number | undefined;
  for (const [unit, factor] of Object.entries(unitMillis)) {
    const amount = duration[unit as keyof Duration];
    if (amount === undefined) continue;
    if (typeof amount !== 'number' || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) return undefined;
    millis = (millis ?? 0) + amount * factor;
  }
  return millis;
}

/** The expectation that options tell, or `undefined` where they tell none. What in them is no duration is left out. */
export function expectationOf(options: ExpectationOptions): Expectation | undefined {
  const { expected, limit, stuckAfter } = options;
  if (expected === undefined && limit === undefined && stuckAfter === undefined) return undefined;
  const limitMillis = durationMillis(limit);
  const stuckAfterMillis = durationMillis(stuckAfter);
  const expectation: Expectation = {
    ...expectedOf(expected),
    ...(limitMillis !== undefined && { limit_ms: limitMillis }),
    ...(stuckAfterMillis !== undefined && { stuck_after_ms: stuckAfterMillis }),
  };
  return Object.keys(expectation).length === 0 ? undefined : expectation;
}

function expectedOf(expected: ExpectationOptions['expected']): Pick<Expectation, 'expected_ms' | 'source' | 'parts'> {
  if (expected === undefined) return {};
  if (!isVolumes(expected)) {
    const millis = durationMillis(expected);
    return millis === undefined ? {} : { expected_ms: millis, source: 'caller' };
  }
  const parts = expected.flatMap(toPart);
  if (parts.length === 0 || parts.length < expected.length) return {};
  return { expected_ms: parts.reduce((sum, { ms }) => sum + ms, 0), source: 'volumes', parts };
}

function isVolumes(expected: Duration | readonly VolumePart[]): expected is readonly VolumePart[] {
  return Array.isArray(expected);
}

function toPart({ part, count = 1, each }: VolumePart): readonly ExpectedPart[] {
  const eachMillis = durationMillis(each);
  if (eachMillis === undefined || !(count >= 0 && count < Number.POSITIVE_INFINITY)) return [];
  return [{ part: String(part), count, each_ms: eachMillis, ms: count * eachMillis }];
}

/** Durations of earlier runs of the same unit that are comparable. */
export interface History {
  readonly runs: number;
  readonly medianMillis: number;
  readonly p95Millis: number;
}

/** A median of fewer runs is no measure. */
export const fewestRuns = 5;

/** The history that durations make, in milliseconds; `undefined` without any. */
export function historyOf(durations: readonly number[]): History | undefined {
  if (durations.length === 0) return undefined;
  const sorted = durations.toSorted((a, b) => a - b);
  return { runs: sorted.length, medianMillis: percentile(sorted, 0.5), p95Millis: percentile(sorted, 0.95) };
}

/** Linear between neighbours, as `percentile_cont` of SQL. */
export function percentile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}

/** What is known of how far a unit is, and how long it may take. */
export interface ProgressFacts {
  readonly elapsedMillis: number;
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  readonly expectation?: Expectation | undefined;
  readonly history?: History | undefined;
}

/** When a unit should end, and where that is known from. */
export interface ExpectedEnd {
  /** Of the whole unit, from its start. */
  readonly millis: number;
  /** `volumes` and `caller` were told, `rate` goes on as fast as until now, `history` is the median of earlier runs. */
  readonly source: 'volumes' | 'caller' | 'rate' | 'history';
  /** The source in words, with its numbers. */
  readonly basis: string;
}

/** When a unit should end: as told, else as fast as it goes, else as earlier runs did. `undefined` where nothing is known. */
export function expectedEnd(facts: ProgressFacts): ExpectedEnd | undefined {
  const { expectation, history, elapsedMillis, done, total } = facts;
  if (expectation?.expected_ms !== undefined) {
    const source = expectation.source ?? 'caller';
    return { millis: expectation.expected_ms, source, basis: toldBasis(expectation) };
  }
  if (done !== undefined && total !== undefined && done > 0 && total >= done && elapsedMillis > 0) {
    const perSecond = (done * 1_000) / elapsedMillis;
    const basis = `${figure(perSecond)} a second, ${done} of ${total} done`;
    return { millis: (total * elapsedMillis) / done, source: 'rate', basis };
  }
  if (history === undefined) return undefined;
  const basis = `median ${secondsText(history.medianMillis)}, p95 ${secondsText(history.p95Millis)} of the last ${runsText(history)}`;
  return { millis: history.medianMillis, source: 'history', basis };
}

/** Told outright, or the sum of its parts: `538 batches x 12 s + 10772 items x 0.5 s + rest 1800 s`. */
function toldBasis({ parts }: Expectation): string {
  if (parts === undefined) return 'set by the caller';
  return parts
    .map(({ part, count, each_ms: each }) =>
      count === 1 ? `${part} ${secondsText(each)}` : `${count} ${part} x ${secondsText(each)}`,
    )
    .join(' + ');
}

/** From this many times of what was expected on, a duration is worth a word. */
const anomalousFactor = 2;

/** How a duration differs from what was expected, in a sentence with its numbers; `undefined` where it does not. */
export function anomalyOf(facts: ProgressFacts): string | undefined {
  const { elapsedMillis, expectation, history } = facts;
  if (history !== undefined && history.runs >= fewestRuns && history.medianMillis > 0) {
    const factor = elapsedMillis / history.medianMillis;
    if (factor < anomalousFactor) return undefined;
    return `${figure(factor)} x its median of the last ${runsText(history)} (${secondsText(history.medianMillis)})`;
  }
  const expected = expectation?.expected_ms;
  if (expectation === undefined || expected === undefined || expected <= 0) return undefined;
  const factor = elapsedMillis / expected;
  if (factor < anomalousFactor) return undefined;
  return `${figure(factor)} x the ${secondsText(expected)} expected of it (${toldBasis(expectation)})`;
}

function runsText({ runs }: History): string {
  return `${runs} run${runs === 1 ? '' : 's'}`;
}

function secondsText(millis: number): string {
  return `${figure(millis / 1_000)} s`;
}

/** Two digits behind the point below 10, one below 100; no zeros at the end. */
function figure(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toFixed(value >= 10 ? 1 : 2)));
}
