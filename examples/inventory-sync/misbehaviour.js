// @ts-check
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Ways to hang, each as it happens to real programs. None of them ends by itself.
 * @type {Record<import('./options.js').Misbehaviour, (place: { page: string, shop: import('./shop-client.js').Shop, store: import('./store.js').Store }) => unknown>}
 */
const ways = {
  loop: () => spinForever(),
  regex: () => matchForever(),
  atomics: () => waitForNobody(),
  lock: ({ page, store }) => store.hold(page),
  http: ({ shop }) => shop.callWithoutDeadline('/unanswered'),
  promise: () => neverSettle(),
  stdout: () => writeToNobody(),
  stop: () => stopItself(),
};

function spinForever() {
  for (let count = 0; ; count = (count + 1) % 1_000_000) Math.sqrt(count);
}

/** Backtracks for longer than anybody lives. */
function matchForever() {
  return /^(\w+\s?)*$/.test(`${'stock '.repeat(30)}!`);
}

/** A lock whose owner has forgotten it. */
function waitForNobody() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** A promise alone keeps no process alive; the timers of a real daemon do. */
function neverSettle() {
  return new Promise(() => setInterval(() => undefined, 60_000));
}

/**
 * Standard output is a pipe that nobody reads: when it is full, a write waits. Once `process.stdout` was used, the pipe says so instead of
 * waiting, and the write is tried again, as loggers do that write synchronously.
 */
function writeToNobody() {
  for (;;) writeLine(`${'still at work '.repeat(100)}\n`);
}

/** @param {string} line */
function writeLine(line) {
  for (let rest = Buffer.from(line); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(retryClock, 0, 0, retryMillis);
    }
  }
}

const retryClock = new Int32Array(new SharedArrayBuffer(4));
const retryMillis = 100;

/** As `kill -STOP` from outside, or a container that is frozen, some time after the step has begun. */
async function stopItself() {
  await pause(1_500);
  process.kill(process.pid, 'SIGSTOP');
}

/**
 * Hangs once, on the first page of that batch; does nothing everywhere else.
 * @param {import('./options.js').Options['misbehaviour']} misbehaviour
 * @param {{ shop: import('./shop-client.js').Shop, store: import('./store.js').Store }} components
 * @returns {(batch: number, page: string) => Promise<void>} `batch` from 1
 */
export function createMisbehaviour(misbehaviour, components) {
  let isDone = misbehaviour === undefined;
  return async (batch, page) => {
    if (isDone || misbehaviour?.batch !== batch) return;
    isDone = true;
    await ways[misbehaviour.way]({ page, ...components });
  };
}
