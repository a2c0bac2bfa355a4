// @ts-check
// Loaded into the daemon by its flags: collects all garbage now and then, and writes down what is left. Without that a heap of
// hundreds of MiB says little, since V8 collects when it pleases.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const everyMillis = 10_000;
const path = process.env.SOAK_FLOOR;

if (path !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = /** @type {() => void} */ (runInNewContext('gc'));
  setInterval(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    // What keeps the process alive; a timer and a socket each count as one.
    const handles = process.getActiveResourcesInfo().length;
    writeFileSync(`${path}.new`, JSON.stringify({ pid: process.pid, heapUsed, external, handles }));
    renameSync(`${path}.new`, path);
  }, everyMillis).unref();
}
