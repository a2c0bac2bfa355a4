/** What a loop of a program tells of itself. Times are milliseconds since the epoch. */
export interface LoopFacts {
  readonly name: string;
  /** Cycles that have ended. */
  readonly count: number;
  readonly failures: number;
  /** What its cycles have done since the start, in numbers, as far as they tell. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Since when a cycle runs, if one does. */
  readonly runningSince?: number;
  /** Begin of the last cycle. */
  readonly lastRunAt?: number;
  readonly lastSuccessAt?: number;
  readonly lastError?: { readonly at: number; readonly message: string };
  /** The longest time that may lie between two successes, where the program has said so. */
  readonly successWithinMillis?: number;
  /** When the loop was made known. */
  readonly since: number;
}

/** What is known of a process, by itself. */
export interface HealthFacts {
  readonly now: number;
  readonly startedAt: number;
  readonly service: string;
  readonly instanceId: string;
  readonly pid: number;
  /** How late the main thread is with its tick. */
  readonly lateMillis: number;
  readonly journal: {
    /** Bytes and records that are not shipped; 0 where nothing is shipped from here. */
    readonly bytes: number;
    readonly records: number;
    /** Records that the disk refuses. */
    readonly refusedByDisk: number;
    /** Whether this process ships. */
    readonly ships: boolean;
    /** Age of what waits to be shipped. */
    readonly ageSeconds: number;
  };
  readonly loops: readonly LoopFacts[];
}

export interface HealthLimits {
  /** From when on a late main thread counts as blocked. */
  readonly blockedMillis: number;
}

/** The three questions that orchestrators ask, answered. */
export interface Health {
  /** `ok`; `degraded`: it works, and something needs a look; `failing`; `blocked`: the main thread does not answer. */
  readonly verdict: 'ok' | 'degraded' | 'failing' | 'blocked';
  /** Whether a restart would not help. */
  readonly live: boolean;
  /** Whether it can take work. */
  readonly ready: boolean;
  /** What speaks against it, a sentence each. */
  readonly reasons: readonly string[];
}

/** What waits longer than this for the database is worth a look. */
const lateShipmentSeconds = 60;

/**
 * Judges a process: a blocked main thread is neither live nor ready; a disk that refuses records, or a loop that has had no success for
 * longer than it may, is live and not ready; a database that is away degrades nothing but the ledger.
 */
export function judgeHealth(facts: HealthFacts, { blockedMillis }: HealthLimits): Health {
  if (facts.lateMillis > blockedMillis) {
    return {
      verdict: 'blocked',
      live: false,
      ready: false,
      reasons: [`the main thread is ${text(facts.lateMillis)} late`],
    };
  }
  const { refusedByDisk, ageSeconds } = facts.journal;
  const faults = [
    ...(refusedByDisk > 0 ? [`the disk refuses the journal, ${refusedByDisk} records wait in memory`] : []),
    ...facts.loops.flatMap((loop) => overdueLoop(loop, facts.now) ?? []),
  ];
  const remarks = [
    ...(ageSeconds > lateShipmentSeconds ? [`records wait for the database since ${text(ageSeconds * 1000)}`] : []),
    ...facts.loops.flatMap((loop) => lastFailed(loop) ?? []),
  ];
  const verdict = faults.length > 0 ? 'failing' : remarks.length > 0 ? 'degraded' : 'ok';
  return { verdict, live: true, ready: faults.length === 0, reasons: [...faults, ...remarks] };
}

/** What there is to say of a loop that has had no success for longer than it may. */
export function overdueLoop(
  { name, lastSuccessAt, successWithinMillis, since }: LoopFacts,
  now: number,
): string | undefined {
  if (successWithinMillis === undefined) return undefined;
  const silent = now - (lastSuccessAt ?? since);
  return silent > successWithinMillis ? `loop ${name} has had no success for ${text(silent)}` : undefined;
}

function lastFailed({ name, lastSuccessAt, lastError }: LoopFacts): string | undefined {
  if (lastError === undefined || (lastSuccessAt ?? 0) > lastError.at) return undefined;
  return `the last cycle of loop ${name} failed: ${lastError.message}`;
}

function text(millis: number): string {
  return `${Math.round(millis / 1000)} s`;
}
