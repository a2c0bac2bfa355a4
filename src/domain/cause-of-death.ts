/** What is known of the end of a process. Nothing here is concluded from silence. */
export interface DeathFacts {
  /** Exit code, as the process told it itself or as its parent saw it. */
  readonly exitCode?: number;
  readonly exitSignal?: string;
  readonly evidence?: DeathEvidence;
}

/** What else speaks for a cause. It stands as `exit_evidence` with the process. */
export interface DeathEvidence {
  /** Who tells it: the process itself, its parent, whoever found its journal, or an operator. */
  readonly by?: 'itself' | 'parent' | 'journal' | 'operator';
  readonly found?: string;
  /** It was not the process that ended, but this worker thread of it. */
  readonly thread?: number;
  /** The error that ended a worker thread. */
  readonly error?: string;
  /** The counter `oom_kill` of the process' cgroup, at its last sign of life and after its end. */
  readonly oomKills?: { readonly before: number; readonly after: number };
  readonly [name: string]: unknown;
}

/** Why a process ended, as far as it is proven. */
export type CauseKind = 'exit' | 'signal' | 'crash' | 'oom' | 'unknown';

/** A cause, and what proves it in a sentence. */
export interface CauseOfDeath {
  readonly kind: CauseKind;
  readonly text: string;
}

/** Signals that a process causes itself, by a fault of native code or by giving up. */
const faults: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS']);

/**
 * Names the cause only where it is proven: an exit code or signal that the process recorded or its parent saw, or a counter of the
 * kernel that rose meanwhile. A counter without a signal speaks for itself, for one with another signal it says nothing.
 */
export function causeOfDeath({ exitCode, exitSignal, evidence = {} }: DeathFacts): CauseOfDeath {
  const oom = outOfMemory(evidence);
  const seenBy = evidence.by === 'parent' ? ', seen by its parent' : '';
  if (exitSignal !== undefined) {
    if (exitSignal === 'SIGKILL' && oom !== undefined) {
      return { kind: 'oom', text: `killed by the kernel for want of memory: SIGKILL${seenBy}, and ${oom}` };
    }
    const kind = faults.has(exitSignal) ? 'crash' : 'signal';
    return { kind, text: `ended by ${exitSignal}${seenBy}` };
  }
  if (exitCode !== undefined) return { kind: 'exit', text: exitText(exitCode, evidence, seenBy) };
  if (oom !== undefined) return { kind: 'oom', text: `killed by the kernel for want of memory: ${oom}` };
  return { kind: 'unknown', text: 'of unknown cause' };
}

function exitText(code: number, { thread, error }: DeathEvidence, seenBy: string): string {
  const end = `ended with exit code ${code}${seenBy}`;
  if (thread === undefined) return end;
  return `lost its worker thread ${thread}, which ${end}${error === undefined ? '' : `: ${error}`}`;
}

function outOfMemory({ oomKills }: DeathEvidence): string | undefined {
  if (oomKills === undefined || !(oomKills.after > oomKills.before)) return undefined;
  return `oom_kill of its cgroup rose from ${oomKills.before} to ${oomKills.after}`;
}

/** Whether the cause is proven; what is not may be proven a moment later, by a parent. */
export function isProven(cause: CauseOfDeath): boolean {
  return cause.kind !== 'unknown';
}
