import type { OpenPlace, PendingCall, StackFrame } from '../journal/process-state.ts';

/** What is known of a stall by now. */
export interface Stall {
  /** Microseconds since the epoch. */
  readonly since: number;
  readonly thresholdMillis: number;
  /** Innermost first; `undefined` where there is none yet, as in native code, or where none may be taken. */
  readonly stack: readonly StackFrame[] | undefined;
  /** Why there is no stack. */
  readonly withoutStack: string | undefined;
  /** The unit that runs, or else the one that began last and is open. */
  readonly place: OpenPlace | undefined;
  readonly pendingCall: PendingCall | undefined;
  /** Processor time per time since the stall began: about 1 computes, about 0 waits. */
  readonly cpuRatio: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly workerThreads: number;
  /** Stalls before this one that were counted and made no record, since there were too many. */
  readonly unrecorded: number;
}

/** Something to tell of: one row in `audit_log`, one log record over OTLP. */
export type StallNews =
  | { readonly type: 'begin' | 'sample'; readonly at: number; readonly stall: Stall }
  | { readonly type: 'end'; readonly at: number; readonly stall: Stall; readonly durationMillis: number }
  | { readonly type: 'pause'; readonly at: number; readonly since: number; readonly durationMillis: number };
