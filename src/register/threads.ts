import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import { existsSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { describeThrown } from '../domain/thrown.ts';
import { readHeartbeat, writeHeartbeat } from '../journal/heartbeat.ts';
import { instanceDirectory } from '../journal/layout.ts';
import { threadInstanceId, writeThreadExitNotes } from '../journal/thread-instance.ts';
import type { JournalOwner } from '../projection/record.ts';
import { storedText } from '../telemetry/stored-text.ts';
import type { SilentThread } from '../watchdog/thread-look.ts';
import { isDisowned } from '../watchdog/worker-count.ts';
import { openChannel } from './channel.ts';

/** The worker threads that a thread has started. */
export interface Threads {
  /** Has them hand over what they hold in memory, and waits for it, blocking, at most that long. For the end of the process. */
  handOver(timeoutMillis: number): void;
}

const channelName = 'spanledger.threads.v1';
const lookMillis = 5_000;
/** A thread leaves a sign of life every five seconds, if its event loop turns. */
const silentMillis = 7_500;
const maxErrorLength = 500;

export interface FollowOptions {
  /** The spanledger directory. */
  readonly directory: string;
  /** This thread. */
  readonly owner: JournalOwner;
  readonly answers: Int32Array;
  /** Called every five seconds of a thread whose event loop does not turn. */
  readonly onSilent?: ((thread: SilentThread) => void) | undefined;
}

/** At 0 the number of threads that listen, at 1 of those that have answered. */
export function createAnswers(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/**
 * Follows the worker threads that this thread starts from now on: how each ends is noted with its journal, so that work it left open is
 * closed; and while one is too busy to leave a sign of life, this thread leaves it in its place.
 */
export function followThreads(options: FollowOptions): Threads {
  const { answers } = options;
  const alive = new Map<number, FollowedThread>();
  let isLooking = false;
  subscribe('worker_threads', (message) => {
    const { worker } = message as { readonly worker: Worker };
    const { threadId } = worker;
    let error: string | undefined;
    alive.set(threadId, { worker, startedAt: Date.now() * 1000 });
    if (!isLooking) setInterval(() => leaveSigns(options, alive), lookMillis).unref();
    isLooking = true;
    // A monitor: with a listener of ours nobody would hear of an error that the program does not listen to.
    worker.on(errorMonitor, (thrown: unknown) => {
      error = textOf(thrown);
    });
    worker.once('exit', (code) => {
      alive.delete(threadId);
      if (!isDisowned(worker)) noteEnd(options, { threadId, code, error });
    });
  });
  return {
    handOver(timeoutMillis) {
      const living = [...alive.values()].filter(({ worker }) => !isDisowned(worker)).length;
      if (living === 0) return;
      askAll(answers, Math.min(living, Atomics.load(answers, 0)), timeoutMillis);
    },
  };
}

/** Lets this worker thread hand over what it holds when the process ends. */
export function answerThreads(answers: Int32Array, handOver: () => void): void {
  Atomics.add(answers, 0, 1);
  openChannel(channelName).hear(() => {
    handOver();
    Atomics.add(answers, 1, 1);
    Atomics.notify(answers, 1);
  });
  process.once('exit', () => Atomics.sub(answers, 0, 1));
}

function askAll(answers: Int32Array, count: number, timeoutMillis: number): void {
  if (count <= 0) return;
  Atomics.store(answers, 1, 0);
  openChannel(channelName).post('hand over');
  const deadline = performance.now() + timeoutMillis;
  for (;;) {
    const answered = Atomics.load(answers, 1);
    const left = deadline - performance.now();
    if (answered >= count || left <= 0) return;
    Atomics.wait(answers, 1, answered, left);
  }
}

interface FollowedThread {
  readonly worker: Worker;
  /** Microseconds since the epoch. */
  readonly startedAt: number;
}

interface ThreadEnd {
  readonly threadId: number;
  readonly code: number;
  readonly error: string | undefined;
}

function noteEnd({ directory, owner }: FollowOptions, { threadId: thread, code, error }: ThreadEnd): void {
  const { pid, instanceId } = owner;
  const told = error === undefined ? {} : { error };
  try {
    writeThreadExitNotes(directory, threadInstanceId(instanceId, thread), {
      at: Date.now() * 1000,
      code,
      seenBy: { pid, instanceId },
      thread,
      ...told,
    });
  } catch (failure) {
    diag.warn(
      'How a worker thread ended could not be noted; its open work counts as lost when the process ends.',
      failure,
    );
  }
}

function textOf(thrown: unknown): string {
  const { type, message } = describeThrown(thrown);
  return storedText(`${type}: ${message}`, maxErrorLength);
}

/** Of those that have a journal and do not tell of themselves. */
function leaveSigns({ directory, owner, onSilent }: FollowOptions, alive: ReadonlyMap<number, FollowedThread>): void {
  for (const [threadId, { startedAt }] of alive) {
    const path = instanceDirectory(directory, threadInstanceId(owner.instanceId, threadId));
    // One that was blocked before its first sign has none.
    const last = readHeartbeat(path) ?? (existsSync(path) ? { at: startedAt } : undefined);
    if (last === undefined) continue;
    const { silentSince } = last.figures ?? {};
    const since = typeof silentSince === 'number' ? silentSince : last.at;
    if (Date.now() - since / 1000 < silentMillis) continue;
    try {
      writeHeartbeat(path, { at: Date.now() * 1000, figures: { ...last.figures, silentSince: since } });
      onSilent?.({ threadId, path, since });
    } catch {
      // The journal itself tells of a disk that refuses.
    }
  }
}
