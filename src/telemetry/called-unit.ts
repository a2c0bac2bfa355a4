import { context, type Link, SpanKind } from '@opentelemetry/api';
import { sessionEntry } from '../domain/outcome.ts';
import { BatchRun } from './batch.ts';
import { attribute } from './conventions.ts';
import { currentScope } from './current-scope.ts';
import { sessionHistory } from './history.ts';
import { parseId } from './identity.ts';
import type { ItemRun } from './item.ts';
import { SessionRun } from './session.ts';
import { openSessions } from './session-opening.ts';
import type { BatchOptions, ItemOptions, SessionOptions } from './session-options.ts';
import { StepRun } from './step.ts';
import { newTask, scopeFor } from './task-scope.ts';
import { loneItem } from './with-item.ts';
import type { TaskStepOptions } from './work.ts';

/**
 * Units around calls of functions that know nothing of them. Such a call cannot wait for the past of a session to be looked up, and it
 * runs whatever that past is; so everything here begins at once.
 */

/**
 * Begins a session around a call. What failed or was cut short in an earlier run under this id is tried again, as far as this machine
 * knows of it; where that run has ended, or is at work, the call is a session of its own and the time is added to its id.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_ID`
 */
export function beginSession(options: SessionOptions): SessionRun {
  const asked = parseId('session', options.id);
  const known = sessionHistory()?.lastKnown?.(asked);
  const entry = known === undefined ? 'begin' : sessionEntry(known.state);
  const isTaken = openSessions.has(asked) || entry === 'skip' || entry === 'refuse';
  const id = isTaken ? freeId(asked) : asked;
  const past = isTaken || known === undefined ? undefined : { ...known, items: async () => new Map() };
  openSessions.reserve(id);
  try {
    const run = new SessionRun({
      options: { ...options, id },
      around: context.active(),
      past,
      entry: isTaken ? 'begin' : entry,
      items: new Map(),
      onClosed: () => openSessions.closed(id),
    });
    openSessions.opened(id, run);
    return run;
  } catch (error) {
    openSessions.closed(id);
    throw error;
  }
}

function freeId(id: string): string {
  const stamped = `${id}@${new Date().toISOString()}`;
  let free = stamped;
  for (let count = 2; openSessions.has(free); count += 1) free = `${stamped}-${count}`;
  return free;
}

/** The session around the code that runs now, where it is run by this process. */
export function sessionAround(): SessionRun | undefined {
  const id = currentScope()?.identity[attribute.sessionId];
  return typeof id === 'string' ? openSessions.get(id) : undefined;
}

/**
 * Begins an item around a call: of the session around it, of the one that is named, else `undefined`; also where an item of this id is in
 * work, or the session is over.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_ID`
 */
export function beginItem(options: ItemOptions, sessionId: string | undefined): ItemRun | undefined {
  const named = sessionId === undefined ? undefined : parseId('session', sessionId);
  const session = sessionAround() ?? (named === undefined ? undefined : openSessions.get(named));
  if (session === undefined) return named === undefined ? undefined : loneItem(named, options);
  return session.itemInWork(options.id) === undefined ? session.beginItem(options) : undefined;
}

/** Begins a step around a call, of whatever it is called in. */
export function beginStep(name: string, options: TaskStepOptions): StepRun {
  return new StepRun(scopeFor(options.task ?? name), { kind: 'step', name, options });
}

/** Begins a step around a call that is a task of its own, also inside of sessions and items. */
export function beginTask(name: string, options: TaskStepOptions): StepRun {
  return new StepRun(newTask(options.task ?? name), { kind: 'step', name, options });
}

/** What is known of a job beforehand. */
export interface JobTaskOptions extends TaskStepOptions {
  readonly links?: readonly Link[];
}

/** Begins one run of a job of a queue around its handler: a task of its own, whose span is that of a consumer. */
export function beginJobTask(name: string, { links, ...options }: JobTaskOptions): StepRun {
  return new StepRun(newTask(options.task ?? name), {
    kind: 'step',
    name,
    options,
    spanKind: SpanKind.CONSUMER,
    ...(links !== undefined && { links }),
  });
}

/** Begins a batch around a call. */
export function beginBatch(name: string, options: BatchOptions & { readonly task?: string }): BatchRun {
  return new BatchRun(scopeFor(options.task ?? name), name, options);
}
