import { quietly } from '../../recording/quiet-context.ts';
import type { ContextCarrier } from '../../telemetry/carried-context.ts';
import { recordThisUse } from '../recorded-call.ts';
import { watchJobs, watchWorker } from './bullmq-events.ts';
import type { Job } from './job.ts';
import {
  type Exports,
  type Holder,
  type JobLibrary,
  memberIn,
  numberIn,
  prototypeIn,
  replaceMember,
  textIn,
} from './job-library.ts';
import type { JobRecorder } from './job-recorder.ts';

const system = 'bullmq';

/**
 * BullMQ 5 and 6. Workers, queues and jobs are patched by their prototypes. The context of a sender travels in the option that BullMQ has for it;
 * a queue or a worker with a `telemetry` of its own carries its own.
 */
export const bullmq: JobLibrary = {
  name: 'bullmq',
  files: {
    'dist/cjs/classes/worker.js': { isNeeded: true, apply: patchWorker },
    'dist/cjs/classes/queue.js': { apply: patchQueue },
    'dist/cjs/classes/flow-producer.js': { apply: patchFlows },
    'dist/cjs/classes/job.js': { apply: watchJobs },
  },
};

function patchWorker(exports: Exports, recorder: JobRecorder): boolean {
  const prototype = prototypeIn(exports, 'Worker');
  replaceMember(
    prototype,
    'run',
    (fn) =>
      new Proxy(fn, { apply: (target, self, args: unknown[]) => quietly(() => Reflect.apply(target, self, args)) }),
  );
  watchWorker(prototype, recorder);
  return replaceMember(prototype, 'callProcessJob', (fn) =>
    recordThisUse(fn, (worker, [job]) => {
      const queue = textIn(worker, 'name');
      return queue === undefined || typeof job !== 'object' || job === null
        ? undefined
        : recorder.begin(toJob(queue, job as Holder));
    }),
  );
}

function toJob(queue: string, job: Holder): Job {
  const { opts } = job;
  const made = numberIn(job, 'attemptsMade') ?? 0;
  const attempts = numberIn(opts, 'attempts') ?? 1;
  const name = textIn(job, 'name');
  const carrier = carrierOf(opts);
  return {
    system,
    queue,
    id: textIn(job, 'id') ?? 'unknown',
    data: job.data,
    attempt: made + 1,
    attempts: Math.max(1, attempts),
    isRetried: (error) => made + 1 < attempts && memberIn(error, 'name') !== 'UnrecoverableError',
    isRepeated: job.repeatJobKey !== undefined,
    postponed,
    ...(name !== undefined && { name }),
    ...(carrier !== undefined && { carrier }),
    ...(job.repeatJobKey !== undefined && { schedule: String(job.repeatJobKey) }),
  };
}

const putOff: Readonly<Record<string, string>> = {
  DelayedError: 'to a later time',
  WaitingError: 'to the end of its queue',
  WaitingChildrenError: 'until its children are done',
};

/** What a processor throws to say that the job is no failure, but to be taken up again. */
function postponed(error: unknown): string | undefined {
  if (memberIn(error, 'message') === 'bullmq:rateLimitExceeded') return 'because the rate limit is reached';
  const name = textIn(error, 'name') ?? '';
  return Object.hasOwn(putOff, name) ? putOff[name] : undefined;
}

/** As the packages of BullMQ for OpenTelemetry write it. */
function carrierOf(opts: unknown): ContextCarrier | undefined {
  const metadata = textIn(memberIn(opts, 'telemetry'), 'metadata');
  if (metadata === undefined) return undefined;
  try {
    const carrier: unknown = JSON.parse(metadata);
    if (typeof carrier !== 'object' || carrier === null) return undefined;
    return Object.fromEntries(
      Object.entries(carrier).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return undefined;
  }
}

function patchQueue(exports: Exports, recorder: JobRecorder): boolean {
  const prototype = prototypeIn(exports, 'Queue');
  const isOne = replaceMember(prototype, 'add', (fn) =>
    recordThisUse(fn, (queue, [name, data, opts, ...rest]) => {
      const about = sendingOf(queue, 'add');
      return about === undefined
        ? undefined
        : recorder.beginSending({
            ...about,
            name: String(name),
            idsOf: (job) => idsOf([job]),
            ...(takesContext(queue, recorder) && {
              withContext: (carrier: ContextCarrier) => [name, data, optsWith(opts, carrier), ...rest],
            }),
          });
    }),
  );
  const isMany = replaceMember(prototype, 'addBulk', (fn) =>
    recordThisUse(fn, (queue, [jobs, ...rest]) => {
      const about = sendingOf(queue, 'addBulk');
      if (about === undefined || !Array.isArray(jobs)) return undefined;
      return recorder.beginSending({
        ...about,
        idsOf: (added) => idsOf(Array.isArray(added) ? added : []),
        ...(takesContext(queue, recorder) && {
          withContext: (carrier: ContextCarrier) => [
            jobs.map((job: Holder) => ({ ...job, opts: optsWith(job.opts, carrier) })),
            ...rest,
          ],
        }),
      });
    }),
  );
  return isOne && isMany;
}

function sendingOf(queue: unknown, operation: string) {
  const name = textIn(queue, 'name');
  return name === undefined ? undefined : { system, queue: name, operation };
}

function takesContext(queue: unknown, recorder: JobRecorder): boolean {
  return recorder.contextIn !== 'none' && memberIn(memberIn(queue, 'opts'), 'telemetry') === undefined;
}

/** The options with the context in the place that BullMQ has for it, unless the program has put something there, or nothing on purpose. */
function optsWith(opts: unknown, carrier: ContextCarrier): unknown {
  if (memberIn(opts, 'telemetry') !== undefined || Object.keys(carrier).length === 0) return opts;
  return { ...(opts as Holder | undefined), telemetry: { metadata: JSON.stringify(carrier) } };
}

function idsOf(jobs: readonly unknown[]): readonly string[] {
  return jobs.flatMap((job) => textIn(job, 'id') ?? []);
}

/** A flow is a tree of jobs, each with a queue of its own. */
function patchFlows(exports: Exports, recorder: JobRecorder): boolean {
  return replaceMember(prototypeIn(exports, 'FlowProducer'), 'add', (fn) =>
    recordThisUse(fn, (producer, [flow, ...rest]) => {
      const queue = textIn(flow, 'queueName');
      if (queue === undefined) return undefined;
      const takes = recorder.contextIn !== 'none' && memberIn(producer, 'telemetry') === undefined;
      return recorder.beginSending({
        system,
        queue,
        operation: 'addFlow',
        name: textIn(flow, 'name') ?? 'flow',
        idsOf: (tree) => idsOf([memberIn(tree, 'job')]),
        ...(takes && { withContext: (carrier: ContextCarrier) => [flowWith(flow, carrier), ...rest] }),
      });
    }),
  );
}

function flowWith(flow: unknown, carrier: ContextCarrier): unknown {
  if (typeof flow !== 'object' || flow === null) return flow;
  const children = memberIn(flow, 'children');
  return {
    ...flow,
    opts: optsWith(memberIn(flow, 'opts'), carrier),
    ...(Array.isArray(children) && { children: children.map((child) => flowWith(child, carrier)) }),
  };
}
