import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { beginSession } from '../../telemetry/called-unit.ts';
import { attribute } from '../../telemetry/conventions.ts';
import type { ItemRun } from '../../telemetry/item.ts';
import type { SessionRun } from '../../telemetry/session.ts';
import type { RecordedCall } from '../recorded-call.ts';
import { type Job, type JobDataKept, jobKey } from './job.ts';
import { jobAttributes, jobInput } from './job-attributes.ts';
import { jobOrigin } from './job-context.ts';
import { cancelEvent, categoryOf, expiryEvent, type JobEvent, retryEvent } from './job-events.ts';
import type { JobOutcome, OpenJob } from './job-run.ts';

export interface JobBatchOptions {
  /** At least one, all of one queue. */
  readonly jobs: readonly [Job, ...Job[]];
  readonly carriers: readonly Job['carrier'][];
  readonly kept: JobDataKept;
  /** What the result of the handler says of a single job, where its library reads it so. */
  readonly outcomeOf?: ((result: unknown, job: Job) => JobOutcome | undefined) | undefined;
  readonly onEnd: (job: Job) => void;
}

/** Several jobs that one call of a handler works on: a session of which each job is an item. */
export class JobBatch implements RecordedCall {
  readonly context: Context;
  readonly #options: JobBatchOptions;
  readonly #session: SessionRun;
  readonly #items = new Map<string, BatchedJob>();

  constructor(options: JobBatchOptions) {
    const { jobs, carriers } = options;
    const [first] = jobs;
    this.#options = options;
    // The trace of one sender cannot be that of all.
    const around = jobs.length === 1 ? jobOrigin(first, carriers[0]).context : ROOT_CONTEXT;
    this.#session = context.with(around, () =>
      beginSession({
        id: `${first.system}:${first.queue}:${first.id}`,
        kind: first.queue,
        total: jobs.length,
        attributes: {
          ...jobAttributes(first),
          [attribute.messagingBatchCount]: jobs.length,
          ...(jobs.length > 1 && { [attribute.messagingMessageId]: undefined }),
        },
      }),
    );
    this.context = this.#session.context;
    jobs.forEach((job, index) => {
      this.#begin(job, carriers[index]);
    });
  }

  /** The jobs of the batch that are at work. */
  get open(): ReadonlyMap<string, OpenJob> {
    return this.#items;
  }

  returned(result: unknown): void {
    const { outcomeOf } = this.#options;
    for (const item of this.#items.values()) item.settle(outcomeOf?.(result, item.job) ?? { status: 'completed' });
    this.#session.complete();
  }

  threw(error: unknown): void {
    for (const item of this.#items.values()) item.settle({ status: 'failed', error });
    this.#session.complete();
  }

  #begin(job: Job, carrier: Job['carrier']): void {
    const sender = carrier === undefined ? undefined : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
    const { kept, onEnd } = this.#options;
    const item = context.with(this.context, () =>
      this.#session.beginItem({
        id: job.id,
        attributes: {
          ...jobAttributes(job),
          [attribute.taskId]: job.id,
          [attribute.input]: JSON.stringify(jobInput(job, kept)),
        },
        ...(job.limitMillis !== undefined && { limit: { milliseconds: job.limitMillis } }),
      }),
    );
    if (item === undefined) return;
    if (sender !== undefined) item.span.addLink({ context: sender });
    this.#items.set(jobKey(job), new BatchedJob(job, item, () => onEnd(job)));
  }
}

/** One job of a batch. */
class BatchedJob implements OpenJob {
  readonly job: Job;
  readonly #item: ItemRun;
  readonly #onEnd: () => void;

  constructor(job: Job, item: ItemRun, onEnd: () => void) {
    this.job = job;
    this.#item = item;
    this.#onEnd = onEnd;
  }

  settle(outcome: JobOutcome): void {
    if (this.#item.ended) return;
    if (outcome.status === 'canceled') {
      this.tell(cancelEvent(this.job, outcome.reason));
      return;
    }
    if (outcome.status === 'completed') this.#item.complete();
    else {
      const told =
        outcome.status === 'expired' ? expiryEvent(this.job, outcome.error) : retryEvent(this.job, outcome.error);
      if (told !== undefined) this.tell(told);
      this.#item.end({ error: outcome.error });
    }
    this.#onEnd();
  }

  tell(told: JobEvent): void {
    this.#item.emit({ ...told, category: categoryOf(told) });
  }
}
