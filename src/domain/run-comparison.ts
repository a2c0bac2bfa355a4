import { type History, historyOf } from './expectation.ts';

/** A run of a task, with what it is compared by. */
export interface ComparableRun {
  readonly id: string;
  /** State of a session, status of a task; `open` while it runs. */
  readonly outcome: string;
  /** Version of the code, where the service says one. */
  readonly version?: string;
  readonly durationMillis?: number;
  /** Names of the steps that it reached. */
  readonly steps: readonly string[];
  readonly items: number;
  readonly failed: number;
  /** Items at work at the same time, at most. */
  readonly parallelism: number;
  /** Median size of its batches. */
  readonly batchSize?: number;
}

/** Begin and end of something, milliseconds since the epoch. */
export interface Interval {
  readonly from: number;
  /** Absent while it goes on. */
  readonly to?: number;
}

/** How many of these overlap at most. One that ends when another begins does not overlap it. */
export function parallelismOf(intervals: readonly Interval[]): number {
  const turns = intervals.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    ...(to === undefined ? [] : [{ at: Math.max(to, from), by: -1 }]),
  ]);
  turns.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of turns) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** What differs between two runs, in sentences with numbers. */
export function compareRuns(run: ComparableRun, reference: ComparableRun): readonly string[] {
  const [one, other] = [run.durationMillis, reference.durationMillis];
  const missing = reference.steps.filter((step) => !run.steps.includes(step));
  const more = run.steps.filter((step) => !reference.steps.includes(step));
  const told = [
    run.version === reference.version
      ? undefined
      : `version ${run.version ?? 'unknown'} instead of ${reference.version ?? 'unknown'}`,
    one === undefined || other === undefined || other <= 0 ? undefined : `${figure(one / other)} x its duration`,
    run.outcome === reference.outcome ? undefined : `${run.outcome} instead of ${reference.outcome}`,
    missing.length === 0 ? undefined : `did not reach ${missing.join(', ')}`,
    more.length === 0 ? undefined : `reached ${more.join(', ')} as well`,
    changed('parallelism', run.parallelism, reference.parallelism),
    changed('batch size', run.batchSize, reference.batchSize),
    changed('items', run.items, reference.items),
    changed('failed items', run.failed, reference.failed),
  ];
  return told.filter((text) => text !== undefined);
}

/** The runs of the same code; all of them where the version is not known. */
export function sameVersion<T extends Pick<ComparableRun, 'version'>>(
  runs: readonly T[],
  version: string | undefined,
): readonly T[] {
  return version === undefined ? runs : runs.filter((run) => run.version === version);
}

/** A run, how it ended, and the code it ran. */
export type VersionedRun = Pick<ComparableRun, 'id' | 'outcome' | 'version'>;

/** The code of a run beside that of the last one that went well. */
export interface VersionChange {
  readonly version: string;
  /** None of the earlier runs that are known ran this code. */
  readonly isFirst: boolean;
  readonly lastSuccess: { readonly id: string; readonly version: string };
  /** The same in a sentence. */
  readonly text: string;
}

/**
 * Whether a run has other code than the last one that ended well; `undefined` where it has the same, or where either is not known.
 * @param earlier the newest first; where there are `most` of them, there may be more
 */
export function versionChange(
  version: string | undefined,
  earlier: readonly VersionedRun[],
  most: number,
): VersionChange | undefined {
  const good = earlier.find(isGood);
  if (version === undefined || good?.version === undefined || good.version === version) return undefined;
  const before = earlier.filter((run) => run.version === version).length;
  const among = earlier.length < most ? '' : ` among the last ${earlier.length + 1}`;
  const own = `${before === 0 ? 'first run' : `run ${before + 1}`} of version ${version}${among}`;
  return {
    version,
    isFirst: before === 0,
    lastSuccess: { id: good.id, version: good.version },
    text: `${own}; last success was version ${good.version} (${good.id})`,
  };
}

function isGood({ outcome }: Pick<ComparableRun, 'outcome'>): boolean {
  return outcome === 'imported' || outcome === 'SUCCESS';
}

/** Duration of a run as a multiple of what earlier runs took, and what it rests on. */
export interface DurationRatio {
  readonly actualMillis: number;
  readonly expectedMillis: number;
  readonly ratio: number;
  /** `caller`, `volumes`, `rate` or `history`. */
  readonly source: string;
  readonly basis: string;
}

/** Actual against expected duration; `undefined` where nothing is expected. */
export function durationRatio(
  actualMillis: number,
  expected: { readonly millis: number; readonly source: string; readonly basis: string } | undefined,
): DurationRatio | undefined {
  if (expected === undefined || !(expected.millis > 0)) return undefined;
  const { millis: expectedMillis, source, basis } = expected;
  return { actualMillis, expectedMillis, ratio: actualMillis / expectedMillis, source, basis };
}

/** The history that the runs which ended well make. */
export function historyOfRuns(runs: readonly ComparableRun[]): History | undefined {
  return historyOf(runs.filter(isGood).flatMap(({ durationMillis }) => durationMillis ?? []));
}

function changed(name: string, one: number | undefined, other: number | undefined): string | undefined {
  if (one === other) return undefined;
  return `${name} ${one ?? 'unknown'} instead of ${other ?? 'unknown'}`;
}

/** Two digits behind the point below 10, one below 100. */
function figure(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toFixed(value >= 10 ? 1 : 2)));
}
