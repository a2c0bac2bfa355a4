import { type HostFunction, recordThisUse } from '../recorded-call.ts';
import { dataWithCarrier } from './carried-in-data.ts';
import { type Exports, type Holder, memberIn, replaceMember, textIn } from './job-library.ts';
import type { JobRecorder } from './job-recorder.ts';

/** Name of the library on spans and rows. */
export const system = 'graphile-worker';

/** `makeAddJob(…)` and `makeAddJobs(…)` return what adds jobs for whoever asks. */
export function patchHelpers(exports: Exports, recorder: JobRecorder): boolean {
  for (const [maker, record] of [
    ['makeAddJob', recordAddOne],
    ['makeAddJobs', recordAddMany],
  ] as const) {
    replaceMember(
      exports,
      maker,
      (fn) =>
        new Proxy(fn, {
          apply: (target, self, args: unknown[]) => {
            const made: unknown = Reflect.apply(target, self, args);
            return typeof made === 'function' ? record(made as HostFunction, recorder) : made;
          },
        }),
    );
  }
  return typeof exports.makeAddJob === 'function';
}

/** Inside the file that makes them, the helpers of a job call these functions by themselves. */
export function recordAddJob(helpers: Holder, recorder: JobRecorder): void {
  replaceMember(helpers, 'addJob', (fn) => recordAddOne(fn, recorder));
  replaceMember(helpers, 'addJobs', (fn) => recordAddMany(fn, recorder));
}

/** `addJob(task, payload, spec)` */
function recordAddOne(fn: HostFunction, recorder: JobRecorder): HostFunction {
  return recordThisUse(fn, (_, [queue, payload, ...rest]) =>
    typeof queue !== 'string'
      ? undefined
      : recorder.beginSending({
          system,
          queue,
          operation: 'addJob',
          idsOf: (added) => idsOf([added]),
          ...(recorder.contextIn === 'data' && {
            withContext: (carrier) => [queue, dataWithCarrier(payload ?? {}, carrier), ...rest],
          }),
        }),
  );
}

/** `addJobs([{ identifier, payload, … }], …)` */
function recordAddMany(fn: HostFunction, recorder: JobRecorder): HostFunction {
  return recordThisUse(fn, (_, [specs, ...rest]) => {
    const queue = Array.isArray(specs) ? textIn(specs[0], 'identifier') : undefined;
    const isOne = Array.isArray(specs) && specs.every((spec) => textIn(spec, 'identifier') === queue);
    if (queue === undefined || !isOne) return undefined;
    return recorder.beginSending({
      system,
      queue,
      operation: 'addJobs',
      idsOf: (added) => idsOf(Array.isArray(added) ? added : []),
      ...(recorder.contextIn === 'data' && {
        withContext: (carrier) => [
          specs.map((spec) => ({ ...spec, payload: dataWithCarrier(memberIn(spec, 'payload') ?? {}, carrier) })),
          ...rest,
        ],
      }),
    });
  });
}

function idsOf(added: readonly unknown[]): readonly string[] {
  return added.flatMap((job) => textIn(job, 'id') ?? []);
}
