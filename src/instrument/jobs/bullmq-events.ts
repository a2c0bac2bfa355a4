import { event } from '../../telemetry/conventions.ts';
import { toErrorRecord } from '../../telemetry/error-record.ts';
import { shapeOf } from './job-data.ts';
import { type Exports, type Holder, memberIn, prototypeIn, replaceMember, textIn } from './job-library.ts';
import type { JobRecorder } from './job-recorder.ts';

const system = 'bullmq';

/** Listens to what a worker emits without being one of its listeners, whom programs count. */
export function watchWorker(prototype: Holder | undefined, recorder: JobRecorder): void {
  replaceMember(
    prototype,
    'emit',
    (fn) =>
      new Proxy(fn, {
        apply: (target, self, args: unknown[]) => {
          recorder.guarded(() => tellOf(textIn(self, 'name'), args, recorder));
          return Reflect.apply(target, self, args);
        },
      }),
  );
}

function tellOf(queue: string | undefined, [name, subject, error]: readonly unknown[], recorder: JobRecorder): void {
  if (queue === undefined) return;
  if (name === 'stalled') {
    const id = String(subject);
    const reason = 'its lock was not renewed in time';
    recorder.tell({
      system,
      queue,
      id,
      name: event.jobStalled,
      level: 'warning',
      message: `job ${id} has stalled`,
      reason,
    });
  }
  // A job that is failed for what happened to earlier runs, such as stalling too often, never gets to its processor.
  if (name === 'failed' && memberIn(subject, 'deferredFailure') !== undefined)
    tellUnrun(queue, subject, error, recorder);
  if (name === 'failed' && /stalled more than allowable limit/.test(textIn(error, 'message') ?? ''))
    tellUnrun(queue, subject, error, recorder);
}

function tellUnrun(queue: string, job: unknown, error: unknown, recorder: JobRecorder): void {
  const id = textIn(job, 'id');
  recorder.tell({
    system,
    queue,
    ...(id !== undefined && { id }),
    name: event.jobExhausted,
    level: 'error',
    message: `job ${id ?? ''} failed without being run again`,
    reason: toErrorRecord(error).summary,
  });
}

/** What a processor says of its own job: progress and log lines. */
export function watchJobs(exports: Exports, recorder: JobRecorder): boolean {
  const prototype = prototypeIn(exports, 'Job');
  const isProgress = watchCalls(prototype, 'updateProgress', recorder, tellProgress);
  return watchCalls(prototype, 'log', recorder, tellLog) && isProgress;
}

interface AtWork {
  readonly system: string;
  readonly queue: string;
  readonly id: string;
}

type Tell = (job: AtWork, given: unknown, recorder: JobRecorder) => void;

function watchCalls(prototype: Holder | undefined, name: string, recorder: JobRecorder, tell: Tell): boolean {
  return replaceMember(
    prototype,
    name,
    (fn) =>
      new Proxy(fn, {
        apply: (target, self, args: unknown[]) => {
          const queue = textIn(self, 'queueName');
          const id = textIn(self, 'id');
          if (queue !== undefined && id !== undefined)
            recorder.guarded(() => tell({ system, queue, id }, args[0], recorder));
          return Reflect.apply(target, self, args);
        },
      }),
  );
}

/** A number is a percentage. Of an object the usual names of done and total are read. */
function tellProgress(job: AtWork, given: unknown, recorder: JobRecorder): void {
  if (typeof given === 'number' && Number.isFinite(given)) {
    recorder.progress(job, Math.round(given), 100);
    return;
  }
  const done = firstNumber(given, ['done', 'current', 'completed', 'processed', 'progress', 'percent']);
  if (done !== undefined) {
    recorder.progress(job, Math.round(done), firstNumber(given, ['total', 'of', 'count']));
    return;
  }
  recorder.openJob(job)?.tell({
    name: event.stepProgress,
    level: 'debug',
    message: `job ${job.id} has come further`,
    details: { progress: shapeOf(given) },
  });
}

function firstNumber(holder: unknown, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = memberIn(holder, name);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
  }
  return undefined;
}

function tellLog(job: AtWork, line: unknown, recorder: JobRecorder): void {
  recorder.tell({ ...job, name: event.jobLog, level: 'info', message: String(line) });
}
