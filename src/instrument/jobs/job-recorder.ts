import { context, diag, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type ContextCarrier, carryContext } from '../../telemetry/carried-context.ts';
import { attribute, event } from '../../telemetry/conventions.ts';
import { toErrorRecord } from '../../telemetry/error-record.ts';
import { ledgerTracer } from '../../telemetry/instrumentation-scope.ts';
import { scopeFor } from '../../telemetry/task-scope.ts';
import type { RecordedCall } from '../recorded-call.ts';
import { type Job, type JobDataKept, jobKey } from './job.ts';
import { JobBatch, type JobBatchOptions } from './job-batch.ts';
import { cancelEvent, categoryOf, type JobEvent } from './job-events.ts';
import { type JobOutcome, JobRun, type OpenJob } from './job-run.ts';
import { SentJobs } from './sent-jobs.ts';

/** How the context of a sender gets to its job: in the library's own place for it, also in the data of the job, or not at all. */
export type JobContextPlace = 'own' | 'data' | 'none';

export interface JobRecorderOptions {
  readonly kept: JobDataKept;
  readonly contextIn: JobContextPlace;
}

/** Jobs that are given to a queue in one call. */
export interface Sending {
  readonly system: string;
  readonly queue: string;
  /** Name of the function, as the library has it. */
  readonly operation: string;
  readonly name?: string;
  /** Jobs in the call, for functions that may not tell their ids. Default: one. */
  readonly count?: number;
  /** Ids among what the function returns. */
  readonly idsOf: (result: unknown) => readonly string[];
  /** What the function is given in place of its arguments, with the context in it. */
  readonly withContext?: (carrier: ContextCarrier) => readonly unknown[];
}

/** An event of a job that is not at work in this process, as far as that is known. */
export interface StrayEvent extends JobEvent {
  readonly system: string;
  readonly queue: string;
  readonly id?: string;
}

const mostTold = 100;

/** Records jobs of every library. Nothing of it throws: what goes wrong is told once. */
export class JobRecorder {
  readonly contextIn: JobContextPlace;
  readonly #kept: JobDataKept;
  readonly #sent = new SentJobs();
  readonly #open = new Map<string, OpenJob>();
  #hasTold = false;

  constructor({ kept, contextIn }: JobRecorderOptions) {
    this.#kept = kept;
    this.contextIn = contextIn;
  }

  /** A handler begins to work on a job. */
  begin(job: Job): RecordedCall | undefined {
    return this.guarded(() => {
      const key = jobKey(job);
      const run: JobRun = new JobRun({
        job,
        carrier: this.#carrierOf(job),
        kept: this.#kept,
        onEnd: () => {
          if (this.#open.get(key) === run) this.#open.delete(key);
        },
      });
      this.#open.set(key, run);
      return this.#guardedCall(run);
    });
  }

  /** A handler begins to work on several jobs at once. */
  beginBatch(jobs: readonly Job[], outcomeOf?: JobBatchOptions['outcomeOf']): RecordedCall | undefined {
    const [first, ...others] = jobs;
    if (first === undefined) return undefined;
    return this.guarded(() => {
      const batch = new JobBatch({
        jobs: [first, ...others],
        carriers: jobs.map((job) => this.#carrierOf(job)),
        kept: this.#kept,
        outcomeOf,
        onEnd: (job) => this.#open.delete(jobKey(job)),
      });
      for (const [key, job] of batch.open) this.#open.set(key, job);
      return this.#guardedCall(batch);
    });
  }

  /** A job that is at work in this process. */
  openJob(job: Pick<Job, 'system' | 'queue' | 'id'>): OpenJob | undefined {
    return this.#open.get(jobKey(job));
  }

  /** A library says what has become of a job. Of those that are not at work here only a cancelation is news. */
  settle(job: Pick<Job, 'system' | 'queue' | 'id'>, outcome: JobOutcome): void {
    this.guarded(() => {
      const open = this.openJob(job);
      if (open !== undefined) open.settle(outcome);
      else if (outcome.status === 'canceled') tellHere({ ...job, ...cancelEvent(job, outcome.reason) });
    });
  }

  /** A job at work here has come so far. */
  progress(job: Pick<Job, 'system' | 'queue' | 'id'>, done: number, total: number | undefined): void {
    const open = this.openJob(job);
    if (open instanceof JobRun) this.guarded(() => open.progress(done, total));
  }

  /** An event of a job or a queue, on the unit of the job where that is at work here. */
  tell(stray: StrayEvent): void {
    this.guarded(() => {
      const { system, queue, id, ...told } = stray;
      const open = id === undefined ? undefined : this.openJob({ system, queue, id });
      if (open !== undefined) open.tell(told);
      else tellHere(stray);
    });
  }

  /** Jobs are given to a queue. */
  beginSending(sending: Sending): RecordedCall | undefined {
    return this.guarded(() => {
      const { system, queue, operation } = sending;
      const span = ledgerTracer().startSpan(`${operation} ${queue}`, {
        kind: SpanKind.PRODUCER,
        attributes: {
          [attribute.messagingSystem]: system,
          [attribute.messagingOperation]: 'send',
          [attribute.messagingOperationName]: operation,
          [attribute.messagingDestination]: queue,
        },
      });
      const around = trace.setSpan(context.active(), span);
      const carrier = this.contextIn === 'none' ? undefined : carryContext(around);
      const args = carrier === undefined ? undefined : sending.withContext?.(carrier);
      return {
        context: around,
        ...(args !== undefined && { args }),
        returned: (result) =>
          void this.guarded(() => context.with(around, () => this.#sentJobs(sending, span, carrier, result))),
        threw: (error) =>
          void this.guarded(() => {
            const { exception, summary, type } = toErrorRecord(error);
            span.addEvent('exception', exception);
            span.setAttribute(attribute.errorType, type);
            span.setStatus({ code: SpanStatusCode.ERROR, message: summary });
            span.end();
          }),
      };
    });
  }

  guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!this.#hasTold) diag.warn('A job could not be recorded.', error);
      this.#hasTold = true;
      return undefined;
    }
  }

  /** No end of it throws. */
  #guardedCall(call: RecordedCall): RecordedCall {
    return {
      context: call.context,
      returned: (result) => void this.guarded(() => call.returned(result)),
      threw: (error) => void this.guarded(() => call.threw(error)),
    };
  }

  #carrierOf(job: Job): ContextCarrier | undefined {
    return job.carrier ?? (this.contextIn === 'none' ? undefined : this.#sent.carrierOf(job));
  }

  #sentJobs(sending: Sending, span: Span, carrier: ContextCarrier | undefined, result: unknown): void {
    const { system, queue, name, count = 0 } = sending;
    const ids = sending.idsOf(result);
    const [first] = ids;
    if (ids.length === 1 && first !== undefined) span.setAttribute(attribute.messagingMessageId, first);
    else span.setAttribute(attribute.messagingBatchCount, Math.max(ids.length, count));
    for (const id of ids) if (carrier !== undefined) this.#sent.remember({ system, queue, id }, carrier);
    for (const id of ids.slice(0, mostTold)) tellHere({ ...sentEvent(sending, `job ${id}`), system, queue, id });
    const rest = Math.max(ids.length, count) - Math.min(ids.length, mostTold);
    if (rest > 0) {
      const details = { count: rest, ...(name !== undefined && { name }) };
      tellHere({ ...sentEvent(sending, `${rest} ${rest === 1 ? 'job' : 'jobs'}`), system, queue, details });
    }
    span.end();
  }
}

/** On the unit around the code that runs now, if there is one. */
function tellHere({ system, queue, id, name, level, message, reason, details }: StrayEvent): void {
  scopeFor(queue).emit({
    name,
    level,
    category: categoryOf({ level }),
    message,
    reason,
    details: { system, queue, ...(typeof details === 'object' && details !== null && details) },
    ...(id !== undefined && { attributes: { [attribute.taskId]: id } }),
  });
}

function sentEvent({ queue, name }: Sending, what: string): JobEvent {
  return {
    name: event.jobSent,
    level: 'info',
    message: `${what}: given to ${queue}`,
    ...(name !== undefined && { details: { name } }),
  };
}
