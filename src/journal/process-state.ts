/** A frame of a stack, in the source as it was written where a source map tells. Line and column count from 1. */
export interface StackFrame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A unit of work that is open: what it is and the row that it has in task_progress. */
export interface OpenPlace {
  readonly unit: string;
  readonly task_name?: string;
  readonly step_name?: string;
  readonly session_id?: string;
  readonly item_id?: string;
  /** 32 hex digits. */
  readonly trace_id: string;
  readonly span_id: string;
  /** ISO time. */
  readonly started_at: string;
  /** It was at work when the stack was taken, or it is the one that began last, of those that are open. */
  readonly found_by: 'context' | 'last begun';
}

/** A call to another system that has not been answered. */
export interface PendingCall {
  readonly kind: 'sql' | 'http' | 'other';
  /** The shape of the statement, or method, host and path of the request; no values. */
  readonly summary: string;
  /** ISO time. */
  readonly started_at: string;
}

/** A call of the operating system that has not come back. */
export interface SystemCall {
  /** `write`, as the kernel names it. */
  readonly name: string;
  /** File descriptor, where it takes one, and what that is: `standard output, pipe:[4711]`. */
  readonly descriptor?: number;
  readonly target?: string;
}

/** The call in a phrase: `write to standard output, pipe:[4711]`. */
export function systemCallText({ name, target }: SystemCall): string {
  if (target === undefined) return name;
  return `${name} ${/write|send/.test(name) ? 'to' : 'of'} ${target}`;
}

/**
 * What a process does, as its watchdog sees it from outside of the main thread: the columns of `instances` that are about now, and the
 * `state` in the figures of a heartbeat. What is absent is not so, or not known.
 */
export interface ProcessState {
  /** The event loop does not turn since then; microseconds since the epoch. */
  readonly blockedSince?: number;
  /** Where it is blocked, innermost frame first. Absent in native code. */
  readonly blockedStack?: readonly StackFrame[];
  /** In native code: what it waits for the operating system to do, where that tells. */
  readonly blockedCall?: SystemCall;
  /** The unit that runs there. */
  readonly blockedIn?: OpenPlace;
  /** The oldest call without an answer, once it takes a second. */
  readonly pendingCall?: PendingCall;
  /** 99th percentile over the last window of some seconds. */
  readonly eventLoopDelayP99Millis?: number;
  readonly heapUsedBytes?: number;
  /** Threads that the program itself has started from its main thread. */
  readonly workerThreads?: number;
}

/** The state in the figures of a heartbeat; `undefined` where its process has no watchdog. */
export function parseProcessState(figures: Readonly<Record<string, unknown>> | undefined): ProcessState | undefined {
  const state = figures?.state;
  return typeof state === 'object' && state !== null && !Array.isArray(state) ? (state as ProcessState) : undefined;
}
