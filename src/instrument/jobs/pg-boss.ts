import { isQuietHere, quietly } from '../../recording/quiet-context.ts';
import { recordThisUse } from '../recorded-call.ts';
import { dataWithCarrier, takeCarrier } from './carried-in-data.ts';
import { FetchedJobs } from './fetched-jobs.ts';
import type { Job } from './job.ts';
import {
  type Exports,
  type JobLibrary,
  memberIn,
  numberIn,
  prototypeIn,
  replaceMember,
  textIn,
} from './job-library.ts';
import type { JobRecorder } from './job-recorder.ts';
import type { JobOutcome } from './job-run.ts';

const system = 'pg-boss';
/** Queues of the library's own. */
const internal = /^__pgboss__/;

/**
 * pg-boss 9 to 12. Its manager is patched, through which all instances go: what `work` calls becomes runs of jobs, what `send` and `insert` do
 * is told, and `complete`, `fail` and `cancel` end what is still at work. The loops that ask for jobs run quietly.
 */
export const pgBoss: JobLibrary = {
  name: 'pg-boss',
  files: {
    'src/manager.js': { isNeeded: true, apply: patchManager },
    'dist/manager.js': { isNeeded: true, apply: patchManager },
    'src/index.js': { apply: patchBoss },
    'dist/index.js': { apply: patchBoss },
  },
};

function patchBoss(exports: Exports): boolean {
  return replaceMember(prototypeIn(exports, 'PgBoss'), 'start', quiet);
}

const quiet: Parameters<typeof replaceMember>[2] = (fn) =>
  new Proxy(fn, { apply: (target, self, args: unknown[]) => quietly(() => Reflect.apply(target, self, args)) });

function patchManager(exports: Exports, recorder: JobRecorder): boolean {
  const manager = prototypeIn(exports, 'Manager');
  const isKnown = replaceMember(
    manager,
    'work',
    (fn) =>
      new Proxy(fn, {
        apply: (target, self, args: unknown[]) => {
          const given = recorder.guarded(() => workArguments(args, recorder)) ?? args;
          return quietly(() => Reflect.apply(target, self, given));
        },
      }),
  );
  const fetched = new FetchedJobs(recorder);
  replaceMember(
    manager,
    'fetch',
    (fn) =>
      new Proxy(fn, {
        apply: (target, self, args: unknown[]) => {
          const jobs: unknown = Reflect.apply(target, self, args);
          recorder.guarded(() => beginFetched(args[0], jobs, fetched, recorder));
          return jobs;
        },
      }),
  );
  replaceMember(manager, 'createJob', (fn) => recordThisUse(fn, (_, args) => beginCreateJob(args, recorder)));
  replaceMember(manager, 'insert', (fn) => recordThisUse(fn, (_, args) => beginInsert(args, recorder)));
  for (const [name, read] of Object.entries(endings)) {
    replaceMember(
      manager,
      name,
      (fn) =>
        new Proxy(fn, {
          apply: (target, self, args: unknown[]) => {
            recorder.guarded(() => tellEnding(read, args, recorder, fetched));
            return Reflect.apply(target, self, args);
          },
        }),
    );
  }
  return isKnown;
}

/** What the program takes itself; the workers of the library ask in the same way, quietly. */
function beginFetched(queue: unknown, jobs: unknown, fetched: FetchedJobs, recorder: JobRecorder): void {
  if (typeof queue !== 'string' || internal.test(queue) || isQuietHere() || !(jobs instanceof Promise)) return;
  const begin = (found: unknown) => {
    const list = Array.isArray(found) ? found : [found];
    recorder.guarded(() => fetched.begin(list.filter((one) => textIn(one, 'id')).map((one) => toJob(queue, one))));
  };
  // Nobody else learns of a failure by this.
  jobs.then(begin, () => {});
}

/** The arguments of `work` with the handler replaced: queue, options if any, handler. */
function workArguments(args: readonly unknown[], recorder: JobRecorder): unknown[] {
  const [queue, ...rest] = args;
  const at = rest.length === 1 ? 0 : 1;
  const handler = rest[at];
  if (typeof queue !== 'string' || internal.test(queue) || typeof handler !== 'function') return [...args];
  const options = rest.length > 1 ? rest[0] : undefined;
  const isBatch = (numberIn(options, 'batchSize') ?? 1) > 1;
  const isPerJob = memberIn(options, 'perJobResults') === true;
  const recorded = recordThisUse(handler as Parameters<typeof recordThisUse>[0], (_, [jobs]) => {
    // Version 9 hands over one job where no batch is asked for.
    const list = (Array.isArray(jobs) ? jobs : [jobs]).map((job) => toJob(queue, job));
    const [first] = list;
    if (isBatch || list.length > 1) return recorder.beginBatch(list, isPerJob ? outcomeIn : undefined);
    return first === undefined ? undefined : recorder.begin(first);
  });
  return args.map((one, index) => (index === at + 1 ? recorded : one));
}

function toJob(queue: string, fetched: unknown): Job {
  const seconds = numberIn(fetched, 'expireInSeconds') ?? numberIn(fetched, 'expire_in_seconds');
  const retries = numberIn(fetched, 'retryCount') ?? numberIn(fetched, 'retrycount');
  const limit = numberIn(fetched, 'retryLimit') ?? numberIn(fetched, 'retrylimit');
  const data = memberIn(fetched, 'data');
  const carrier = takeCarrier(data);
  return {
    system,
    queue,
    id: textIn(fetched, 'id') ?? 'unknown',
    data,
    ...(retries !== undefined && { attempt: retries + 1 }),
    ...(limit !== undefined && { attempts: limit + 1 }),
    ...(seconds !== undefined && { limitMillis: seconds * 1000 }),
    ...(carrier !== undefined && { carrier }),
    ...(retries !== undefined && limit !== undefined && { isRetried: () => retries < limit }),
  };
}

/** What a handler with `perJobResults` says of each of its jobs. */
function outcomeIn(result: unknown, { id }: Job): JobOutcome | undefined {
  const said = Array.isArray(result) ? result.find((one) => textIn(one, 'id') === id) : undefined;
  const output = memberIn(said, 'output');
  switch (memberIn(said, 'status')) {
    case 'completed':
      return { status: 'completed' };
    case 'failed':
      return { status: 'failed', error: output ?? new Error('The handler says that the job failed.') };
    case 'deadletter':
      return { status: 'failed', error: output ?? new Error('The handler gives the job to the dead letter queue.') };
    default:
      return { status: 'failed', error: new Error('The handler says nothing of the job.') };
  }
}

/** `createJob(queue, data, options)`; from version 12 on `createJob({ name, data, options })`. */
function beginCreateJob(args: readonly unknown[], recorder: JobRecorder) {
  const [first, data, options, ...rest] = args;
  const request = typeof first === 'object' && first !== null ? first : undefined;
  const queue = request === undefined ? first : memberIn(request, 'name');
  if (typeof queue !== 'string' || internal.test(queue)) return undefined;
  return recorder.beginSending({
    system,
    queue,
    operation: 'send',
    // Throttled jobs are not made, and have no id.
    idsOf: (id) => (typeof id === 'string' ? [id] : []),
    ...(recorder.contextIn === 'data' && {
      withContext: (carrier) =>
        request === undefined
          ? [first, dataWithCarrier(data, carrier), options, ...rest]
          : [{ ...request, data: dataWithCarrier(memberIn(request, 'data'), carrier) }],
    }),
  });
}

/** `insert(jobs)`; from version 11 on `insert(queue, jobs)`. */
function beginInsert(args: readonly unknown[], recorder: JobRecorder) {
  const at = Array.isArray(args[0]) ? 0 : 1;
  const jobs: unknown = args[at];
  if (!Array.isArray(jobs) || jobs.length === 0) return undefined;
  const queue = at === 1 ? args[0] : memberIn(jobs[0], 'name');
  const isOne = at === 1 || jobs.every((job) => memberIn(job, 'name') === queue);
  if (typeof queue !== 'string' || !isOne || internal.test(queue)) return undefined;
  return recorder.beginSending({
    system,
    queue,
    operation: 'insert',
    count: jobs.length,
    idsOf: (ids) => idsOf(ids, jobs),
    ...(recorder.contextIn === 'data' && {
      withContext: (carrier) =>
        args.map((one, index) =>
          index === at ? jobs.map((job) => ({ ...job, data: dataWithCarrier(memberIn(job, 'data'), carrier) })) : one,
        ),
    }),
  });
}

/** Those that it returns, or those that the program has given. */
function idsOf(returned: unknown, jobs: readonly unknown[]): readonly string[] {
  const ids = Array.isArray(returned) ? returned : jobs.map((job) => memberIn(job, 'id'));
  return ids.filter((id): id is string => typeof id === 'string');
}

type ReadEnding = (error: unknown) => JobOutcome;

const endings: Readonly<Record<string, ReadEnding>> = {
  complete: () => ({ status: 'completed' }),
  // What the handler throws ends its run before; so this is what the library or the program says while it is at work.
  fail: (error) => ({ status: isExpiry(error) ? 'expired' : 'failed', error }),
  cancel: () => ({ status: 'canceled', reason: 'cancel was called' }),
  deleteJob: () => ({ status: 'canceled', reason: 'deleteJob was called' }),
};

function isExpiry(error: unknown): boolean {
  return error instanceof Error && /^handler execution exceeded /.test(error.message);
}

/** `fail(queue, ids, error)`; in version 9 `fail(ids, error)`. Ids may be those, or jobs. */
function tellEnding(read: ReadEnding, args: readonly unknown[], recorder: JobRecorder, fetched: FetchedJobs): void {
  const isOlder = idsIn(args[0]).some((id) => fetched.queueOf(id) !== undefined);
  const [given, error] = isOlder ? args : args.slice(1);
  const told = read(error ?? new Error('The job was failed.'));
  for (const id of idsIn(given)) {
    const isOver = told.status === 'canceled' && fetched.queueOf(id) !== undefined;
    const outcome = isOver ? { ...told, isOver } : told;
    const queue = isOlder ? fetched.queueOf(id) : args[0];
    if (typeof queue === 'string') recorder.settle({ system, queue, id }, outcome);
    fetched.ended(id);
  }
}

function idsIn(given: unknown): readonly string[] {
  return (Array.isArray(given) ? given : [given]).flatMap((one) => {
    const id = typeof one === 'string' ? one : textIn(one, 'id');
    return id === undefined ? [] : [id];
  });
}
