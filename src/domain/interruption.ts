import { type ItemState, isFinishedItemState, itemStates } from './item-states.ts';
import { legalPath } from './legal-path.ts';
import { isTerminalSessionState, type SessionState } from './session-states.ts';
import { itemMachine, sessionMachine } from './transition.ts';

/** What reasons and error messages of interrupted work begin with. */
export const interruptedMark = 'interrupted: ';

/** How work is closed whose process is gone. */
export interface Interruption<S extends string> {
  /** The legal moves that close it, each to be recorded; none where its state had ended already. */
  readonly steps: readonly S[];
  /** How its unit ends: by its state where that has ended, else FAILED. */
  readonly status: 'SUCCESS' | 'FAILED';
}

/** An item in work fails, and may be retried; one that had finished stays what it is. */
export function interruptItem(state: ItemState): Interruption<ItemState> {
  if (isFinishedItemState(state)) {
    return { steps: [], status: itemStates[state].countsAs === 'failed' ? 'FAILED' : 'SUCCESS' };
  }
  return { steps: legalPath(itemMachine, state, 'failed') ?? [], status: 'FAILED' };
}

/** A session at work fails, from where a retry takes it up; one that had ended stays what it is. */
export function interruptSession(state: SessionState): Interruption<SessionState> {
  if (isTerminalSessionState(state)) {
    return { steps: [], status: state === 'failed' || state === 'error' ? 'FAILED' : 'SUCCESS' };
  }
  return { steps: legalPath(sessionMachine, state, 'failed') ?? [], status: 'FAILED' };
}

/** Whether the reason of a state is that its process was gone. */
export function isInterrupted(reason: string | null | undefined): boolean {
  return reason?.startsWith(interruptedMark) === true;
}

/** What is known of a process that may be gone. Times are microseconds since the epoch by one clock, that of the judge. */
export interface GoneFacts {
  /** Its end is recorded: by itself, by its parent, or by whoever found its journal. */
  readonly isEnded: boolean;
  /** The cause of its end is recorded as well. */
  readonly isProven: boolean;
  /** How long ago its last sign of life is. */
  readonly silentMillis: number;
  /** How long it has been under suspicion without a new sign of life; absent where it has not been yet. */
  readonly suspectedMillis?: number;
  /** Whether its process is there, where the judge can see processes of its host. */
  readonly isRunningHere?: boolean;
}

export interface GoneLimits {
  /** Longest silence of a living process. */
  readonly silenceMillis: number;
  /** How long a parent may take to tell why a process ended. */
  readonly graceMillis: number;
}

/**
 * Whether a process is gone. A recorded end is one, after a moment for whoever knows the cause. Silence is one only when the judge
 * himself has waited as long for a sign: after an outage of the database every process has been silent.
 */
export function judgeGone(facts: GoneFacts, { silenceMillis, graceMillis }: GoneLimits): 'gone' | 'suspect' | 'alive' {
  const { isEnded, isProven, silentMillis, suspectedMillis, isRunningHere } = facts;
  if (isEnded) return isProven || graceMillis <= (suspectedMillis ?? 0) ? 'gone' : 'suspect';
  if (isRunningHere === true || silentMillis <= silenceMillis) return 'alive';
  return suspectedMillis !== undefined && suspectedMillis > silenceMillis ? 'gone' : 'suspect';
}
