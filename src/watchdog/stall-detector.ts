/** What the watchdog sees in one look. All in milliseconds. */
export interface Look {
  /** The clock of all threads, which stands still while the machine sleeps. */
  readonly now: number;
  /** Time since the machine started, its sleep included. */
  readonly uptime: number;
  /** When the event loop of the main thread turned last. */
  readonly tickAt: number;
  /** Nothing shows yet that the program has loaded. */
  readonly isStarting?: boolean;
}

/** What a look has found. Times are those of `Look.now`. */
export type Finding =
  /** It does not turn, and may be loading: time to see whether it is. */
  | { readonly type: 'probe'; readonly since: number }
  /** The event loop does not turn. */
  | { readonly type: 'begin'; readonly since: number }
  /** It still does not: time to see where it is now. */
  | { readonly type: 'sample'; readonly since: number }
  | { readonly type: 'end'; readonly since: number; readonly durationMillis: number }
  /** The watchdog itself did not run either: the process was stopped, or the machine asleep. */
  | { readonly type: 'pause'; readonly since: number; readonly durationMillis: number };

export interface DetectorLimits {
  /** Longest time that the event loop may take for a turn. */
  readonly thresholdMillis: number;
  /** Time between two looks. */
  readonly lookMillis: number;
}

/** A stall of hours is looked at this often at least. */
const maxSampleMillis = 3_600_000;
/** Where the threads of a loaded machine wait for each other, that is no pause of the process. */
const minPauseMillis = 1_000;
/** Loading a program takes seconds without a turn of the event loop, and nothing is wrong with it. */
export const startFactor = 10;

/**
 * Tells from the ticks of the main thread whether it is blocked: a stall begins when none came for longer than the threshold, and is looked at
 * again at twice, four times, eight times the threshold and so on. A time in which the watchdog did not run itself says nothing about the
 * main thread: it is told as a pause, and the threshold counts from its end.
 */
export class StallDetector {
  readonly #limits: DetectorLimits;
  #last: Look | undefined;
  /** The turn that was looked into, and its length at which that is done again. */
  #probe = { since: 0, nextMillis: 0 };
  /** End of the last pause. */
  #countsFrom = 0;
  #stall: { readonly since: number; nextSampleMillis: number } | undefined;

  constructor(limits: DetectorLimits) {
    this.#limits = limits;
  }

  /** The stall that is open began then. */
  get since(): number | undefined {
    return this.#stall?.since;
  }

  look(look: Look): readonly Finding[] {
    const pause = this.#pause(look);
    this.#last = look;
    const found = this.#stall === undefined ? this.#begin(look) : this.#goOn(look, this.#stall);
    return [pause, found].filter((finding) => finding !== undefined);
  }

  /** What is under way is over, since the process ends. */
  finish(now: number): Finding | undefined {
    const stall = this.#stall;
    this.#stall = undefined;
    return stall && { type: 'end', since: stall.since, durationMillis: now - stall.since };
  }

  /** Forgets what was seen: while a debugger is attached, nothing counts. */
  forget(now: number): void {
    this.#stall = undefined;
    this.#last = undefined;
    this.#countsFrom = now;
  }

  #pause({ now, uptime }: Look): Finding | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const { thresholdMillis, lookMillis } = this.#limits;
    const durationMillis = Math.max(now - last.now, uptime - last.uptime) - lookMillis;
    if (durationMillis < Math.max(thresholdMillis, minPauseMillis)) return undefined;
    this.#countsFrom = now;
    return { type: 'pause', since: last.now, durationMillis };
  }

  #begin({ now, tickAt, isStarting = false }: Look): Finding | undefined {
    const thresholdMillis = this.#limits.thresholdMillis * (isStarting ? startFactor : 1);
    const since = Math.max(tickAt, this.#countsFrom);
    if (now - since <= thresholdMillis) return isStarting ? this.#ask(now, since) : undefined;
    this.#stall = { since, nextSampleMillis: 2 * thresholdMillis };
    return { type: 'begin', since };
  }

  #ask(now: number, since: number): Finding | undefined {
    if (this.#probe.since !== since) this.#probe = { since, nextMillis: this.#limits.thresholdMillis };
    if (now - since <= this.#probe.nextMillis) return undefined;
    this.#probe.nextMillis *= 2;
    return { type: 'probe', since };
  }

  #goOn({ now, tickAt }: Look, stall: { since: number; nextSampleMillis: number }): Finding | undefined {
    const { since } = stall;
    if (tickAt > since) {
      this.#stall = undefined;
      return { type: 'end', since, durationMillis: tickAt - since };
    }
    if (now - since < stall.nextSampleMillis) return undefined;
    stall.nextSampleMillis += Math.min(stall.nextSampleMillis, maxSampleMillis);
    return { type: 'sample', since };
  }
}
