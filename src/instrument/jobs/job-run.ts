import { type Context, context } from '@opentelemetry/api';
import { beginJobTask } from '../../telemetry/called-unit.ts';
import type { StepRun } from '../../telemetry/step.ts';
import type { RecordedCall } from '../recorded-call.ts';
import type { Job, JobDataKept } from './job.ts';
import { jobAttributes, jobInput } from './job-attributes.ts';
import { jobOrigin } from './job-context.ts';
import { keptData } from './job-data.ts';
import { cancelEvent, categoryOf, expiryEvent, type JobEvent, postponedEvent, retryEvent } from './job-events.ts';

/** One run of a job that is at work, whatever unit it is. */
export interface OpenJob {
  /** Its library has ended it while the handler is still at work. */
  settle(outcome: JobOutcome): void;
  /** Something has happened to it. */
  tell(event: JobEvent): void;
}

/** What a library says of a job besides what its handler comes to. */
export type JobOutcome =
  | { readonly status: 'completed' }
  | { readonly status: 'failed' | 'expired'; readonly error: unknown }
  /** With `isOver` nobody works on it any more; otherwise its handler goes on, and ends it. */
  | { readonly status: 'canceled'; readonly reason: string; readonly isOver?: true };

export interface JobRunOptions {
  readonly job: Job;
  readonly carrier: Job['carrier'];
  readonly kept: JobDataKept;
  /** It has ended. */
  readonly onEnd: () => void;
}

/** One run of a job: a task of its own in the ledger, from the call of its handler until that is done. */
export class JobRun implements RecordedCall, OpenJob {
  readonly #options: JobRunOptions;
  readonly #step: StepRun;

  constructor(options: JobRunOptions) {
    const { job, carrier, kept } = options;
    const { limitMillis } = job;
    const origin = jobOrigin(job, carrier);
    this.#options = options;
    this.#step = context.with(origin.context, () =>
      beginJobTask(job.name ?? job.queue, {
        task: job.queue,
        input: jobInput(job, kept),
        attributes: jobAttributes(job),
        links: origin.links,
        ...(job.attempt !== undefined && { attempt: job.attempt }),
        ...(limitMillis !== undefined && { limit: { milliseconds: limitMillis } }),
      }),
    );
  }

  get context(): Context {
    return this.#step.context;
  }

  returned(result: unknown): void {
    if (this.#step.unit.ended) return;
    const output = keptData(result, this.#options.kept);
    if (output !== undefined) this.#step.output(output);
    this.#end(() => this.#step.end());
  }

  threw(error: unknown): void {
    if (this.#step.unit.ended) return;
    const { job } = this.#options;
    const postponed = job.postponed?.(error);
    const told = postponed === undefined ? retryEvent(job, error) : postponedEvent(job, postponed);
    if (told !== undefined) this.tell(told);
    this.#end(() => (postponed === undefined ? this.#step.fail(error) : this.#step.end()));
  }

  progress(done: number, total: number | undefined): void {
    if (!this.#step.unit.ended) this.#step.progress(done, total);
  }

  tell(told: JobEvent): void {
    this.#step.unit.emit({ ...told, category: categoryOf(told) });
  }

  settle(outcome: JobOutcome): void {
    if (this.#step.unit.ended) return;
    const { job } = this.#options;
    if (outcome.status === 'canceled') {
      this.tell(cancelEvent(job, outcome.reason));
      if (outcome.isOver === true) this.#end(() => this.#step.fail(new Error(`The job is over: ${outcome.reason}.`)));
    } else if (outcome.status === 'completed') this.#end(() => this.#step.end());
    else {
      const { error, status } = outcome;
      const told = status === 'expired' ? expiryEvent(job, error) : retryEvent(job, error);
      if (told !== undefined) this.tell(told);
      this.#end(() => this.#step.fail(error));
    }
  }

  #end(end: () => void): void {
    end();
    this.#options.onEnd();
  }
}
