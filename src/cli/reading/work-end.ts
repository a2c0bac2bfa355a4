import { type CauseOfDeath, causeOfDeath } from '../../domain/cause-of-death.ts';
import { detailsOf } from '../rendering/event-text.ts';
import { isEndSeen, type ProcessEnd } from './process-row.ts';
import type { Run } from './runs.ts';
import type { Trail } from './work-trail.ts';

/** How work or its process ended, and what proves it. */
export interface WorkEnd {
  /** Null where nobody saw it. */
  readonly at: Date | null;
  /** Where nobody saw it: the last sign of life. The end lies after that. */
  readonly after: Date | null;
  /** State of a session, status of a task, or `process ended`. */
  readonly outcome: string;
  readonly reason: string | null;
  /** Why its process ended, where that ended the work or the process itself is asked for. */
  readonly cause: CauseOfDeath | null;
  readonly evidence: unknown;
}

/** How it ended; `undefined` while it goes on. */
export function endOfWork(run: Run | undefined, process: ProcessEnd | undefined, trail: Trail): WorkEnd | undefined {
  const { interruption } = trail;
  if (run?.endedAt !== undefined) {
    const cause = interruption === undefined ? null : (recordedCause(interruption.details) ?? causeOf(process));
    const evidence = interruption === undefined ? null : (detailsOf(interruption.details).evidence ?? null);
    return { at: run.endedAt, after: null, outcome: run.outcome, reason: run.reason, cause, evidence };
  }
  if (process === undefined || process.ended_at === null) return undefined;
  const isSeen = isEndSeen(process);
  return {
    at: isSeen ? process.ended_at : null,
    after: isSeen ? null : process.ended_at,
    outcome: 'process ended',
    reason: null,
    cause: causeOf(process),
    evidence: process.exit_evidence,
  };
}

function recordedCause(details: unknown): CauseOfDeath | null {
  const { cause, explanation } = detailsOf(details);
  const kinds = ['exit', 'signal', 'crash', 'oom', 'unknown'] as const;
  const kind = kinds.find((known) => known === cause);
  return kind === undefined || typeof explanation !== 'string' ? null : { kind, text: explanation };
}

/** Why a process ended, as far as it is proven. */
export function causeOf(process: ProcessEnd | undefined): CauseOfDeath | null {
  if (process === undefined || process.ended_at === null) return null;
  const { exit_code: code, exit_signal: signal, exit_evidence: evidence } = process;
  return causeOfDeath({
    ...(code !== null && { exitCode: code }),
    ...(signal !== null && { exitSignal: signal }),
    ...(evidence !== null && { evidence }),
  });
}
