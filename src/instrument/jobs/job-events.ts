import type { AuditLevel } from '../../domain/audit.ts';
import { event } from '../../telemetry/conventions.ts';
import { toErrorRecord } from '../../telemetry/error-record.ts';
import type { Job } from './job.ts';

/** An event of a job. */
export interface JobEvent {
  readonly name: string;
  readonly level: AuditLevel;
  readonly message: string;
  readonly reason?: string;
  readonly details?: unknown;
}

/** Whether the job comes again is what somebody who reads of a failure wants to know first; `undefined` where nobody knows. */
export function retryEvent({ id, attempt, attempts, isRetried }: Job, error: unknown): JobEvent | undefined {
  const isAgain = isRetried?.(error);
  if (isAgain === undefined) return undefined;
  const of = attempts === undefined ? '' : ` of ${attempts}`;
  const position = attempt === undefined ? 'a run' : `attempt ${attempt}${of}`;
  return {
    name: isAgain ? event.jobRetry : event.jobExhausted,
    level: isAgain ? 'warning' : 'error',
    message: `job ${id}: ${position} failed, it is ${isAgain ? '' : 'not '}tried again`,
    reason: toErrorRecord(error).summary,
    details: { attempt, attempts },
  };
}

/** The library has given the job up, while its handler may be at work. */
export function expiryEvent({ id }: Job, error: unknown): JobEvent {
  const reason = toErrorRecord(error).summary;
  return { name: event.jobExpired, level: 'error', message: `job ${id} took too long`, reason };
}

/** Somebody has canceled or removed the job. */
export function cancelEvent({ id }: Pick<Job, 'id'>, reason: string): JobEvent {
  return { name: event.jobCanceled, level: 'warning', message: `job ${id} is canceled`, reason };
}

/** The handler has put the job off. */
export function postponedEvent({ id }: Job, until: string): JobEvent {
  return { name: event.jobPostponed, level: 'info', message: `job ${id} is put off: ${until}`, reason: until };
}

/** The audit category of an event. */
export function categoryOf({ level }: Pick<JobEvent, 'level'>): string {
  return level === 'error' ? 'error' : 'performance';
}
