/** Something that is on record. Times are milliseconds since the Unix epoch. */
export interface Moment {
  readonly at: number;
  /** The process that it belongs to. */
  readonly process?: string;
  /** The cycle, run or unit that begins or ends. */
  readonly cycle?: string;
  /** `process_lost` is the last sign of life of a process whose end nobody saw: it lies after that. */
  readonly kind: 'process_start' | 'begin' | 'record' | 'end' | 'process_end' | 'process_lost';
}

/** Times of a moment, all of them differences between two rows. Milliseconds. */
export interface ElapsedTimes {
  /** Since the first moment of its process. */
  readonly sinceStart: number;
  /** Since the moment before in its process. */
  readonly sinceLast?: number;
  /** Of an end: since the begin of the same cycle. */
  readonly sinceBegin?: number;
}

/** A cycle of a process. Milliseconds. */
export interface CycleTimes {
  readonly cycle: string;
  readonly beganAt: number;
  readonly endedAt?: number;
  readonly duration?: number;
  /** Between the end of the last cycle and the begin of this one; absent where they overlap. */
  readonly pauseBefore?: number;
}

/** The life of a process, as rows tell it. Milliseconds. */
export interface ProcessLife {
  readonly process: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Its last sign of life, where nobody saw its end: that lies after it. */
  readonly lastSeenAt?: number;
  readonly lastRecordAt: number;
  /** From the start to the end, to the last sign of life, or until now. */
  readonly life: number;
  /** From the last record to there. Silence is no hang: that takes evidence of another kind. */
  readonly silence: number;
  /** It may have lived and been silent for so long, as far as anybody knows: more than `life` only where nobody saw its end. */
  readonly mostLife: number;
  readonly longestSilence: number;
  readonly cycles: readonly CycleTimes[];
}

/** The times of each moment, in the order given, which is that of time. */
export function elapsedTimes(moments: readonly Moment[]): readonly ElapsedTimes[] {
  const starts = new Map<string, number>();
  const lasts = new Map<string, number>();
  const begins = new Map<string, number>();
  return moments.map(({ at, process = '', cycle, kind }) => {
    const start = starts.get(process) ?? at;
    starts.set(process, start);
    const last = lasts.get(process);
    lasts.set(process, at);
    const key = JSON.stringify([process, cycle]);
    if (kind === 'begin' && cycle !== undefined) begins.set(key, at);
    const began = kind === 'end' && cycle !== undefined ? begins.get(key) : undefined;
    return {
      sinceStart: at - start,
      ...(last !== undefined && { sinceLast: at - last }),
      ...(began !== undefined && { sinceBegin: at - began }),
    };
  });
}

/**
 * The lives of the processes that left these moments. Every figure is elapsed time between two rows; processor time, of which
 * a process may use more than passes, is no part of any.
 */
export function livesOf(moments: readonly Moment[], now: number): readonly ProcessLife[] {
  const groups = new Map<string, Moment[]>();
  for (const moment of moments) {
    const { process = '' } = moment;
    groups.set(process, [...(groups.get(process) ?? []), moment]);
  }
  return [...groups].map(([process, group]) => lifeOf(process, group, now));
}

function lifeOf(process: string, moments: readonly Moment[], now: number): ProcessLife {
  const sorted = moments.toSorted((a, b) => a.at - b.at);
  const endedAt = sorted.findLast(({ kind }) => kind === 'process_end')?.at;
  const lastSeenAt = sorted.findLast(({ kind }) => kind === 'process_lost')?.at;
  const isEnd = ({ kind }: Moment) => kind === 'process_end' || kind === 'process_lost';
  const records = sorted.filter((moment) => !isEnd(moment)).map(({ at }) => at);
  const startedAt = records[0] ?? endedAt ?? lastSeenAt ?? now;
  const lastRecordAt = records.at(-1) ?? startedAt;
  const until = Math.max(endedAt ?? lastSeenAt ?? now, lastRecordAt);
  const times = [...records, until];
  return {
    process,
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(endedAt === undefined && lastSeenAt !== undefined && { lastSeenAt }),
    lastRecordAt,
    life: until - startedAt,
    mostLife: Math.max(endedAt ?? now, until) - startedAt,
    silence: until - lastRecordAt,
    longestSilence: times.reduce((longest, at, index) => Math.max(longest, at - (times[index - 1] ?? at)), 0),
    cycles: cyclesOf(sorted),
  };
}

function cyclesOf(moments: readonly Moment[]): readonly CycleTimes[] {
  const cycles: CycleTimes[] = [];
  for (const { kind, cycle, at } of moments) {
    if (cycle === undefined) continue;
    const open = cycles.findLastIndex((one) => one.cycle === cycle && one.endedAt === undefined);
    const found = cycles[open];
    if (kind === 'begin') {
      const ends = cycles.map(({ endedAt }) => endedAt);
      const last = ends.every((end) => end !== undefined) ? Math.max(...ends) : undefined;
      cycles.push({
        cycle,
        beganAt: at,
        ...(last !== undefined && Number.isFinite(last) && { pauseBefore: at - last }),
      });
    } else if (kind === 'end' && found !== undefined) {
      cycles[open] = { ...found, endedAt: at, duration: at - found.beganAt };
    }
  }
  return cycles;
}

/** Whether rows leave room for what somebody claims, and why. */
export interface ClaimJudgement {
  /** `rejected`: the rows prove that it was not so. `possible`: they do not, which proves nothing. */
  readonly judgement: 'rejected' | 'possible';
  readonly reason: string;
}

/** Holds the claim that something hung for so long against the lives of its processes. */
export function judgeClaim(claimMillis: number, lives: readonly ProcessLife[]): ClaimJudgement {
  const longestLife = lives.reduce((longest, { mostLife }) => Math.max(longest, mostLife), 0);
  const longestSilence = lives.reduce((longest, life) => Math.max(longest, mostSilence(life)), 0);
  const claim = clockText(claimMillis);
  if (claimMillis > longestLife) {
    return {
      judgement: 'rejected',
      reason: `it did not hang for ${claim}: it lived for ${clockText(longestLife)} in all`,
    };
  }
  if (claimMillis > longestSilence) {
    const reason = `it did not hang for ${claim}: it was never silent for longer than ${clockText(longestSilence)}`;
    return { judgement: 'rejected', reason };
  }
  const reason = `it was silent for up to ${clockText(longestSilence)}; silence alone does not prove that it hung`;
  return { judgement: 'possible', reason };
}

/** Of a process whose end nobody saw, the silence may have lasted until now. */
function mostSilence({ startedAt, lastSeenAt, lastRecordAt, longestSilence, mostLife }: ProcessLife): number {
  return lastSeenAt === undefined ? longestSilence : Math.max(longestSilence, startedAt + mostLife - lastRecordAt);
}

/** Milliseconds as hours, minutes and seconds: `9:17:20`. */
export function clockText(millis: number): string {
  const seconds = Math.round(Math.abs(millis) / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const sign = millis < 0 && seconds > 0 ? '-' : '';
  return `${sign}${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
