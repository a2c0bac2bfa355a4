import type { ContextCarrier } from '../../telemetry/carried-context.ts';

/** A job as its library hands it to a handler. */
export interface Job {
  /** The library, as `messaging.system` names it. */
  readonly system: string;
  /** The queue; of jobs that run by the clock, their name or schedule. */
  readonly queue: string;
  /** Name within the queue, where the library has one. */
  readonly name?: string;
  readonly id: string;
  /** From 1, where the library tells. */
  readonly attempt?: number;
  /** Attempts in all, where the library tells. */
  readonly attempts?: number;
  readonly data?: unknown;
  /** When the library gives it up, in milliseconds. */
  readonly limitMillis?: number;
  /** Schedule of a job that runs by the clock. */
  readonly schedule?: string;
  /** The context of whoever sent it, where it came along. */
  readonly carrier?: ContextCarrier;
  /** Each of many jobs that one sender made, such as those of a schedule: a trace of its own, with a link to the sender. */
  readonly isRepeated?: boolean;
  /** Whether it is tried again after this error; `undefined` where that is not known. */
  readonly isRetried?: (error: unknown) => boolean | undefined;
  /** What the handler says by throwing this, if it did not fail: that the job is put off. */
  readonly postponed?: (error: unknown) => string | undefined;
}

/** How much is recorded of what a job is given and returns. */
export type JobDataKept = 'none' | 'keys' | 'full';

/** Key of a job among those at work. */
export function jobKey({ system, queue, id }: Pick<Job, 'system' | 'queue' | 'id'>): string {
  return `${system}\0${queue}\0${id}`;
}
