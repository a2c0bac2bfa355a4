import { quietly } from '../../recording/quiet-context.ts';
import { type HostFunction, type RecordedCall, recordThisUse } from '../recorded-call.ts';
import { takeCarrier } from './carried-in-data.ts';
import { patchHelpers, recordAddJob, system } from './graphile-worker-sending.ts';
import type { Job } from './job.ts';
import {
  type Exports,
  type Holder,
  type JobLibrary,
  memberIn,
  numberIn,
  replaceMember,
  textIn,
} from './job-library.ts';
import type { JobRecorder } from './job-recorder.ts';

/**
 * graphile-worker 0.13 to 0.18. The tasks of each worker are given to it recorded; `addJob` and `addJobs` are told of, whoever calls them;
 * what asks for jobs runs quietly.
 */
export const graphileWorker: JobLibrary = {
  name: 'graphile-worker',
  files: {
    'dist/worker.js': { isNeeded: true, apply: patchWorker },
    'dist/helpers.js': { apply: patchHelpers },
    'dist/runner.js': { apply: (exports) => quiet(exports, 'run', 'runOnce') },
    'dist/main.js': { apply: (exports) => quiet(exports, 'runTaskList', 'runTaskListOnce') },
  },
};

function quiet(exports: Exports, ...names: readonly string[]): boolean {
  return names
    .map((name) =>
      replaceMember(
        exports,
        name,
        (fn) =>
          new Proxy(fn, { apply: (target, self, args: unknown[]) => quietly(() => Reflect.apply(target, self, args)) }),
      ),
    )
    .every(Boolean);
}

/** `makeNewWorker(shared, { tasks, … })`; before version 0.16 `makeNewWorker(options, tasks, …)`. */
function patchWorker(exports: Exports, recorder: JobRecorder): boolean {
  return replaceMember(
    exports,
    'makeNewWorker',
    (fn) =>
      new Proxy(fn, {
        apply: (target, self, args: unknown[]) => {
          const given = recorder.guarded(() => workerArguments(args, recorder)) ?? args;
          return quietly(() => Reflect.apply(target, self, given));
        },
      }),
  );
}

function workerArguments([shared, second, ...rest]: readonly unknown[], recorder: JobRecorder): unknown[] {
  const tasks = memberIn(second, 'tasks');
  const isNamed = typeof tasks === 'object' && tasks !== null;
  const given = isNamed
    ? { ...(second as Holder), tasks: recordedTasks(tasks, recorder) }
    : recordedTasks(second, recorder);
  return [shared, given, ...rest];
}

const taskLists = new WeakMap<object, object>();

/** The list of tasks as it is, whatever is added to it later, with its functions recorded. */
function recordedTasks(tasks: unknown, recorder: JobRecorder): unknown {
  if (typeof tasks !== 'object' || tasks === null) return tasks;
  const known = taskLists.get(tasks);
  if (known !== undefined) return known;
  const recorded = new WeakMap<object, HostFunction>();
  const recordedTask = (task: unknown) => {
    if (typeof task !== 'function') return task;
    const found = recorded.get(task) ?? recordThisUse(task as HostFunction, (_, args) => beginTask(args, recorder));
    recorded.set(task, found);
    return found;
  };
  // An object of its own behind it: the list may be frozen, and then has to answer with what it holds.
  const list = new Proxy(Object.create(null) as object, {
    get: (_, name) => recordedTask(Reflect.get(tasks, name)),
    has: (_, name) => Reflect.has(tasks, name),
    set: (_, name, value) => Reflect.set(tasks, name, value),
    deleteProperty: (_, name) => Reflect.deleteProperty(tasks, name),
    ownKeys: () => Reflect.ownKeys(tasks),
    getPrototypeOf: () => Reflect.getPrototypeOf(tasks),
    getOwnPropertyDescriptor: (_, name) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(tasks, name);
      return descriptor === undefined
        ? undefined
        : {
            value: recordedTask(Reflect.get(tasks, name)),
            enumerable: descriptor.enumerable === true,
            writable: true,
            configurable: true,
          };
    },
  });
  taskLists.set(tasks, list);
  return list;
}

/** A task is called with the payload and its helpers, which know the job. */
function beginTask([payload, helpers]: readonly unknown[], recorder: JobRecorder) {
  const job = memberIn(helpers, 'job');
  const id = textIn(job, 'id');
  const queue = textIn(job, 'task_identifier');
  if (id === undefined || queue === undefined) return undefined;
  if (typeof helpers === 'object' && helpers !== null) recordAddJob(helpers as Holder, recorder);
  const begun = toJob({ id, queue, job, payload });
  const call = recorder.begin(begun);
  return call === undefined || !Array.isArray(payload) ? call : awaitingEntries(call, begun, payload.length, recorder);
}

/** A task whose payload is a list may return as many promises: an entry that is rejected is given to the next attempt alone. */
function awaitingEntries(call: RecordedCall, job: Job, entries: number, recorder: JobRecorder): RecordedCall {
  const settled = (result: readonly unknown[], outcomes: readonly PromiseSettledResult<unknown>[]) => {
    const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    recorder.progress(job, entries - errors.length, entries);
    const message = errors.map((error) => (error instanceof Error ? error.message : String(error))).join('\n');
    if (errors.length === 0) call.returned(result);
    else call.threw(new Error(`${errors.length} of ${entries} entries failed:\n${message}`, { cause: errors[0] }));
  };
  return {
    ...call,
    returned: (result) => {
      // The library awaits the same, so that no rejection is handled that nobody else handles.
      if (Array.isArray(result) && result.length === entries)
        void Promise.allSettled(result).then((outcomes) => settled(result, outcomes));
      else call.returned(result);
    },
  };
}

interface FetchedJob {
  readonly id: string;
  readonly queue: string;
  readonly job: unknown;
  readonly payload: unknown;
}

function toJob({ id, queue, job, payload }: FetchedJob): Job {
  const attempt = numberIn(job, 'attempts');
  const attempts = numberIn(job, 'max_attempts');
  const carrier = takeCarrier(payload);
  return {
    system,
    queue,
    id,
    data: payload,
    ...(attempt !== undefined && { attempt }),
    ...(attempts !== undefined && { attempts }),
    ...(carrier !== undefined && { carrier }),
    ...(attempt !== undefined && attempts !== undefined && { isRetried: () => attempt < attempts }),
  };
}
