import { type ItemState, isItemState } from './item-states.ts';
import { isSessionState, type SessionState } from './session-states.ts';
import { isTaskStatus, type TaskStatus } from './task-status.ts';

const sessionSpellings: Readonly<Record<string, SessionState>> = {
  cancelled: 'canceled',
  done: 'imported',
  completed: 'imported',
  complete: 'imported',
  success: 'imported',
  succeeded: 'imported',
  failure: 'failed',
};

const itemSpellings: Readonly<Record<string, ItemState>> = {
  dup: 'skipped',
  duplicate: 'skipped',
  duplicates: 'skipped',
  skip: 'skipped',
  done: 'imported',
  completed: 'imported',
  complete: 'imported',
  success: 'imported',
  succeeded: 'imported',
  error: 'failed',
  failure: 'failed',
  enqueued: 'pending',
  running: 'analyzing',
  expired: 'failed',
  canceled: 'failed',
  cancelled: 'failed',
};

const itemReasons: Readonly<Record<string, string>> = {
  dup: 'duplicate',
  duplicate: 'duplicate',
  duplicates: 'duplicate',
  expired: 'url_expired',
  canceled: 'aborted',
  cancelled: 'aborted',
};

const taskSpellings: Readonly<Record<string, TaskStatus>> = {
  STARTED: 'START',
  RUNNING: 'IN_PROGRESS',
  PROCESSING: 'IN_PROGRESS',
  DONE: 'SUCCESS',
  COMPLETE: 'SUCCESS',
  COMPLETED: 'SUCCESS',
  SUCCEEDED: 'SUCCESS',
  OK: 'SUCCESS',
  ERROR: 'FAILED',
  FAILURE: 'FAILED',
};

/** An item state read from outside, with the reason that its old spelling told. */
export interface ReadItemState {
  readonly state: ItemState;
  readonly reason?: string;
}

/** Reads a session state in any accepted spelling and letter case; `undefined` where it is unknown, never a guess. */
export function parseSessionState(value: unknown): SessionState | undefined {
  const text = plain(value);
  if (isSessionState(text)) return text;
  return own(sessionSpellings, text);
}

/** Reads an item state in any accepted spelling and letter case; `undefined` where it is unknown, never a guess. */
export function parseItemState(value: unknown): ReadItemState | undefined {
  const text = plain(value);
  const state = isItemState(text) ? text : own(itemSpellings, text);
  if (state === undefined) return undefined;
  const reason = own(itemReasons, text);
  return reason === undefined ? { state } : { state, reason };
}

/** Reads a task status in any accepted spelling and letter case; `undefined` where it is unknown, never a guess. */
export function parseTaskStatus(value: unknown): TaskStatus | undefined {
  const text = plain(value).toUpperCase();
  if (isTaskStatus(text)) return text;
  return own(taskSpellings, text);
}

function plain(value: unknown): string {
  return typeof value === 'string'
    ? value
        .trim()
        .toLowerCase()
        .replaceAll(/[\s-]+/g, '_')
    : '';
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
