import { BroadcastChannel, isMainThread, receiveMessageOnPort } from 'node:worker_threads';
import { createErrorDescriptor } from './error-descriptor.ts';
import { createLineQueue, type LineQueue } from './line-queue.ts';

/** It takes a channel as well, which its types do not know. */
const receive = receiveMessageOnPort as unknown as (
  from: BroadcastChannel,
) => { readonly message: unknown } | undefined;

const channelName = 'spanledger.standard-error.v1';
/** Longest time that the end of the process waits for a reader of standard error, all in all. */
const exitMillis = 100;

interface StandardError {
  readonly queue: LineQueue;
  /** Writes what other threads have handed over. */
  hear(): void;
}

let opened: StandardError | undefined;
let deadline = Number.POSITIVE_INFINITY;

/**
 * Writes a line to standard error, from any thread, without waiting for whoever reads it and without changing how the host writes there. A thread
 * that could not do so hands its line to the main thread, which has `process.stderr` to set a socket not to wait.
 */
export function writeToStandardError(line: string): void {
  opened ??= isMainThread ? openOnMainThread() : openOnThread();
  opened.queue.write(line);
}

/** Called on the main thread where the process ends: writes what threads have handed over and what waits, for a moment at most. */
export function finishStandardError(): void {
  opened?.hear();
  drainAtEnd(opened?.queue);
}

/** Called once on the main thread, before other threads have anything to say. */
export function openStandardError(): void {
  if (isMainThread) opened ??= openOnMainThread();
}

function openOnMainThread(): StandardError {
  const descriptor = createErrorDescriptor(unlock);
  const queue = createLineQueue({ descriptor });
  const hear = descriptor.mayNeedMainThread() ? listen(queue) : () => undefined;
  let isExiting = false;
  process.on('exit', () => {
    isExiting = true;
    finishStandardError();
  });
  return {
    hear,
    queue: {
      drain: queue.drain,
      // Nobody retries any more.
      write(line) {
        queue.write(line);
        if (isExiting) drainAtEnd(queue);
      },
    },
  };
}

function drainAtEnd(queue: LineQueue | undefined): void {
  const now = performance.now();
  deadline = Math.min(deadline, now + exitMillis);
  queue?.drain(Math.max(0, deadline - now));
}

function listen(queue: LineQueue): () => void {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = (event) => queue.write(String((event as { readonly data?: unknown }).data));
  channel.unref();
  return () => {
    for (let told = receive(channel); told !== undefined; told = receive(channel)) queue.write(String(told.message));
  };
}

/** Has Node.js set the descriptor not to wait, as it does wherever a program uses `console.error`. */
function unlock(): boolean {
  try {
    return process.stderr !== undefined;
  } catch {
    return false;
  }
}

function openOnThread(): StandardError {
  const channel = new BroadcastChannel(channelName);
  channel.unref();
  const descriptor = createErrorDescriptor(() => false);
  return {
    queue: createLineQueue({ descriptor, handOver: (line) => channel.postMessage(line) }),
    hear: () => undefined,
  };
}
