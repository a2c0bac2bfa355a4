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

/** Standard output is a pipe that nobody reads: when it is full, a write waits. */
function writeToNobody() {
  for (;;) writeSync(1, `${'still at work '.repeat(100)}\n`);
}

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
