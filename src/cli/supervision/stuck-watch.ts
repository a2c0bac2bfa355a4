/** Why a program counts as stuck. */
export interface Stuckness {
  readonly reason: string;
}

export interface StuckWatchOptions {
  readonly stuckMillis: number;
  /** What of its work does not advance, if anything. */
  readonly stuckWork: () => Promise<string | undefined>;
  /** Called once for each time that the program gets stuck. */
  readonly onStuck: (found: Stuckness) => void;
  readonly now?: () => number;
}

/** Watches whether a program advances. */
export interface StuckWatch {
  /** The program's second thread tells how late the main thread is. */
  pulse(lateMillis: number): void;
  /** Looks at once; a timer does so every second. */
  look(): Promise<void>;
  stop(): void;
}

const lookMillis = 1_000;
/** The ledger is asked seldom: a verdict on work takes minutes to change. */
const looksPerQuestion = 15;

/**
 * A program is stuck when its main thread is blocked for longer than the limit, when it stops telling of itself at all, as one that is
 * suspended does, or when the ledger says so of its work. A program that never told of itself is not watched.
 */
export function watchProgress({
  stuckMillis,
  stuckWork,
  onStuck,
  now = () => performance.now(),
}: StuckWatchOptions): StuckWatch {
  let lastPulse: { readonly at: number; readonly lateMillis: number } | undefined;
  let isStuck = false;
  let looks = 0;
  /** What the ledger answered last. */
  let work: string | undefined;
  const reasonOf = (silent: number, lateMillis: number): string | undefined => {
    if (silent > stuckMillis) return `nothing was heard of it for ${seconds(silent)}`;
    if (lateMillis > stuckMillis) return `its main thread is blocked for ${seconds(lateMillis)}`;
    return work;
  };
  const look = async () => {
    if (lastPulse === undefined) return;
    looks += 1;
    if (looks % looksPerQuestion === 0) work = await stuckWork();
    const reason = reasonOf(now() - lastPulse.at, lastPulse.lateMillis);
    if (reason !== undefined && !isStuck) onStuck({ reason });
    isStuck = reason !== undefined;
  };
  const timer = setInterval(() => void look(), lookMillis);
  return {
    pulse(lateMillis) {
      lastPulse = { at: now(), lateMillis };
    },
    look,
    stop: () => clearInterval(timer),
  };
}

function seconds(millis: number): string {
  return `${Math.round(millis / 1000)} s`;
}
