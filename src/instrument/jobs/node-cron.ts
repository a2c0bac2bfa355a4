import { event } from '../../telemetry/conventions.ts';
import { type HostFunction, recordThisUse } from '../recorded-call.ts';
import {
  type Exports,
  type Holder,
  type JobLibrary,
  memberIn,
  prototypeIn,
  replaceMember,
  textIn,
} from './job-library.ts';
import type { JobRecorder } from './job-recorder.ts';

const system = 'node-cron';

/**
 * node-cron 3 and 4. The function of a task is taken when the task starts, and not where it is scheduled: node-cron looks at its callers there.
 * Tasks in a file of their own run in a process of their own, in which the same happens.
 */
export const nodeCron: JobLibrary = {
  name: 'node-cron',
  files: {
    'src/scheduled-task.js': { isNeeded: true, apply: patchScheduledTask },
    'src/node-cron.js': { apply: patchSchedule },
    'dist/tasks/inline-scheduled-task.js': { isNeeded: true, apply: patchInlineTask },
    'dist/_shared.cjs': { isNeeded: true, apply: patchInlineTask },
    'dist/_shared.js': { isNeeded: true, apply: patchInlineTask },
  },
};

/** Version 4. */
function patchInlineTask(exports: Exports, recorder: JobRecorder): boolean {
  // The names of exports are not those of classes in its ES module.
  const prototype = Object.keys(exports)
    .map(
      (name) =>
        prototypeIn({ one: exports[name] }, 'InlineScheduledTask') ??
        prototypeIn({ default: exports[name] }, 'InlineScheduledTask'),
    )
    .find((found) => found !== undefined);
  const taken = new WeakSet<object>();
  return ['start', 'execute']
    .map((name) => replaceMember(prototype, name, (fn) => takingFirst(fn, taken, (task) => takeRunner(task, recorder))))
    .every(Boolean);
}

/** Before a method is called for the first time, its object is changed. */
function takingFirst(fn: HostFunction, taken: WeakSet<object>, take: (task: Holder) => void): HostFunction {
  return new Proxy(fn, {
    apply: (target, self, args: unknown[]) => {
      if (typeof self === 'object' && self !== null && !taken.has(self)) {
        taken.add(self);
        take(self as Holder);
      }
      return Reflect.apply(target, self, args);
    },
  });
}

function takeRunner(task: Holder, recorder: JobRecorder): void {
  recorder.guarded(() => {
    const { runner } = task;
    if (typeof runner !== 'object' || runner === null) return;
    const schedule = textIn(task, 'cronExpression') ?? 'unknown';
    const name = textIn(task, 'name');
    // Without a name of its own a task has its random id for one.
    const queue = name === undefined || name === task.id ? schedule : name;
    const about = { system, queue };
    replaceMember(runner as Holder, 'onMatch', (fn) =>
      recordThisUse(fn, (_, [, execution]) =>
        recorder.begin({ ...about, schedule, id: textIn(execution, 'id') ?? 'unknown' }),
      ),
    );
    for (const [hook, tell] of Object.entries(hooks)) {
      replaceMember(
        runner as Holder,
        hook,
        (fn) =>
          new Proxy(fn, {
            apply: (target, self, args: unknown[]) => {
              recorder.tell({ ...about, ...tell(queue, args), details: { schedule, due: dateText(args[0]) } });
              return Reflect.apply(target, self, args);
            },
          }),
      );
    }
  });
}

const hooks = {
  onMissedExecution: (queue: string) => ({
    name: event.jobMissed,
    level: 'warning' as const,
    message: `a run of ${queue} was missed`,
    reason: 'the process was busy when it was due',
  }),
  onOverlap: (queue: string) => ({
    name: event.jobOverlap,
    level: 'warning' as const,
    message: `a run of ${queue} is due while the one before is at work`,
  }),
  onSkipped: (queue: string, [, reason]: readonly unknown[]) => ({
    name: event.jobSkipped,
    level: 'info' as const,
    message: `a run of ${queue} is left to another process`,
    reason: String(reason),
  }),
};

function dateText(date: unknown): string | undefined {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What version 3 keeps of an expression is every value that it stands for. */
const expressions = new WeakMap<object, string>();
let scheduling: string | undefined;

function patchSchedule(exports: Exports): boolean {
  return replaceMember(
    exports,
    'schedule',
    (fn) =>
      new Proxy(fn, {
        apply: (target, self, args: unknown[]) => {
          const around = scheduling;
          scheduling = typeof args[0] === 'string' ? args[0] : undefined;
          try {
            const task: unknown = Reflect.apply(target, self, args);
            if (typeof task === 'object' && task !== null && scheduling !== undefined)
              expressions.set(task, scheduling);
            return task;
          } finally {
            scheduling = around;
          }
        },
      }),
  );
}

/** Version 3. */
function patchScheduledTask(exports: Exports, recorder: JobRecorder): boolean {
  const taken = new WeakSet<object>();
  return replaceMember(prototypeIn(exports, 'ScheduledTask'), 'now', (fn) =>
    takingFirst(fn, taken, (task) => takeExecution(task, recorder)),
  );
}

function takeExecution(task: Holder, recorder: JobRecorder): void {
  recorder.guarded(() => {
    const { _task: inner, options } = task;
    const schedule =
      expressions.get(task) ?? scheduling ?? textIn(memberIn(task._scheduler, 'timeMatcher'), 'pattern') ?? 'unknown';
    const name = textIn(options, 'name');
    const queue = name === undefined || uuid.test(name) ? schedule : name;
    let runs = 0;
    replaceMember(inner as Holder, '_execution', (fn) =>
      recordThisUse(fn, (_, [now]) => {
        runs += 1;
        return recorder.begin({ system, queue, schedule, id: `${queue}@${dateText(now) ?? runs}` });
      }),
    );
  });
}
