import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { describeThrown } from '../domain/thrown.ts';
import { readHeartbeat, writeHeartbeat } from '../journal/heartbeat.ts';
import { instanceDirectory } from '../journal/layout.ts';
import { threadInstanceId, writeThreadExitNotes } from '../journal/thread-instance.ts';
import type { JournalOwner } from '../projection/record.ts';
import { storedText } from '../telemetry/stored-text.ts';
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

/** At 0 the number of threads that listen, at 1 of those that have answered. */
export function createAnswers(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/**
 * Follows the worker threads that this thread starts from now on: how each ends is noted with its journal, so that work it left open is
 * closed; and while one is too busy to leave a sign of life, this thread leaves it in its place.
 */
export function followThreads(directory: string, owner: JournalOwner, answers: Int32Array): Threads {
  const alive = new Map<number, Worker>();
  let isLooking = false;
  subscribe('worker_threads', (message) => {
    const { worker } = message as { readonly worker: Worker };
    const { threadId } = worker;
    let error: string | undefined;
    alive.set(threadId, worker);
    if (!isLooking) setInterval(() => leaveSigns(directory, owner, alive), lookMillis).unref();
    isLooking = true;
    // A monitor: with a listener of ours nobody would hear of an error that the program does not listen to.
    worker.on(errorMonitor, (thrown: unknown) => {
      error = textOf(thrown);
    });
    worker.once('exit', (code) => {
      alive.delete(threadId);
      if (!isDisowned(worker)) noteEnd({ directory, owner, threadId, code, error });
    });
  });
  return {
    handOver(timeoutMillis) {
      const living = [...alive.values()].filter((worker) => !isDisowned(worker)).length;
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

interface ThreadEnd {
  readonly directory: string;
  readonly owner: JournalOwner;
  readonly threadId: number;
  readonly code: number;
  readonly error: string | undefined;
}

function noteEnd({ directory, owner, threadId: thread, code, error }: ThreadEnd): void {
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

/** Only of those that have a journal. */
function leaveSigns(directory: string, owner: JournalOwner, alive: ReadonlyMap<number, Worker>): void {
  for (const threadId of alive.keys()) {
    const path = instanceDirectory(directory, threadInstanceId(owner.instanceId, threadId));
    const last = readHeartbeat(path);
    if (last === undefined || Date.now() - last.at / 1000 < silentMillis) continue;
    try {
      writeHeartbeat(path, { ...last, at: Date.now() * 1000 });
    } catch {
      // The journal itself tells of a disk that refuses.
    }
  }
}
