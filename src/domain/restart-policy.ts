/** When a supervised program is started again. */
export const restartModes = ['never', 'on-failure', 'on-stuck', 'always'] as const;

/**
 * `never`; `on-failure`: after an exit code other than 0 or a signal; `on-stuck`: also after it was ended because it was stuck; `always`:
 * after any end.
 */
export type RestartMode = (typeof restartModes)[number];

export interface RestartLimits {
  readonly mode: RestartMode;
  /** Restarts in a row before the program is given up. */
  readonly maxRestarts: number;
  /** A program that has lived so long begins a new row. */
  readonly resetMillis: number;
}

/** How a run of a program ended. */
export interface RunEnd {
  readonly code?: number;
  readonly signal?: string;
  /** Why the supervisor ended it, if it did. */
  readonly stuck?: string;
  /** The supervisor was told to stop. */
  readonly isStopping: boolean;
  readonly livedMillis: number;
}

/** What follows. `restarts` is the number in the row, this one included. */
export type RestartDecision =
  | { readonly action: 'end'; readonly reason: string }
  | { readonly action: 'give-up'; readonly reason: string }
  | { readonly action: 'restart'; readonly reason: string; readonly restarts: number };

/** Decides whether a program is started again, and says why. */
export function decideRestart(end: RunEnd, restarts: number, limits: RestartLimits): RestartDecision {
  const reason = end.stuck ?? endText(end);
  if (end.isStopping || !isWanted(end, limits.mode)) return { action: 'end', reason };
  const row = end.livedMillis >= limits.resetMillis ? 0 : restarts;
  if (row >= limits.maxRestarts) return { action: 'give-up', reason: `${reason}, after ${row} restarts in a row` };
  return { action: 'restart', reason, restarts: row + 1 };
}

/** An end in words: `exit code 1`, `SIGKILL`. */
export function endText({ code, signal }: Pick<RunEnd, 'code' | 'signal'>): string {
  return signal ?? `exit code ${code ?? 0}`;
}

/** The exit code that stands for an end, as shells have it: 128 and the number of the signal. */
export function exitCodeOfEnd(
  { code, signal }: Pick<RunEnd, 'code' | 'signal'>,
  signals: Readonly<Record<string, number>>,
): number {
  return signal === undefined ? (code ?? 0) : 128 + (signals[signal] ?? 0);
}

function isWanted({ code, signal, stuck }: RunEnd, mode: RestartMode): boolean {
  if (mode === 'never') return false;
  if (mode === 'always') return true;
  if (stuck !== undefined) return mode === 'on-stuck';
  return signal !== undefined || code !== 0;
}

/** Whether the text names a restart mode. */
export function isRestartMode(text: unknown): text is RestartMode {
  return restartModes.some((mode) => mode === text);
}
