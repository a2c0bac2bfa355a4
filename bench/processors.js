// @ts-check
// Who uses the processors meanwhile, as Linux tells it.
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of processor time per second in /proc, on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

/**
 * Processor seconds so far; NaN where /proc does not tell.
 * @typedef {object} Times
 * @property {number} main of the main thread of the program
 * @property {number} others of its other threads: the one that ships, those of V8 and libuv
 * @property {number} waited seconds that its main thread was ready to run and had no processor
 * @property {number} postgres
 * @property {number} collector
 * @property {number} elsewhere of everything on this machine that is no part of the measurement
 * @property {number} at seconds on the clock
 */

/**
 * @param {{ program: number, collector?: number | undefined, postgres: () => number }} parts process ids
 * @returns {Times}
 */
export function processorTimes({ program, collector, postgres }) {
  const at = performance.now() / 1_000;
  try {
    const [run, waited] = schedulerSeconds(program);
    const own = processSeconds(program);
    const [database, sink] = [postgres(), collector === undefined ? 0 : processSeconds(collector)];
    const { user, system } = process.cpuUsage();
    const elsewhere = machineSeconds() - own - database - sink - (user + system) / 1e6;
    return { main: run, others: own - run, waited, postgres: database, collector: sink, elsewhere, at };
  } catch {
    const unknown = Number.NaN;
    return {
      main: unknown,
      others: unknown,
      waited: unknown,
      postgres: unknown,
      collector: unknown,
      elsewhere: unknown,
      at,
    };
  }
}

/** Processors that each used between two moments. @param {Times} before @param {Times} after @returns {Times} */
export function processorsBetween(before, after) {
  const seconds = after.at - before.at;
  const share = (/** @type {keyof Times} */ name) => (after[name] - before[name]) / seconds;
  const [main, others, waited] = [share('main'), share('others'), share('waited')];
  const [postgres, collector] = [share('postgres'), share('collector')];
  return { main, others, waited, postgres, collector, elsewhere: Math.max(0, share('elsewhere')), at: seconds };
}

/** Of the main thread: seconds on a processor, and seconds in the queue for one. @param {number} pid */
function schedulerSeconds(pid) {
  const [run = '', waited = ''] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ');
  return [Number(run) / 1e9, Number(waited) / 1e9];
}

/** All threads of a process, those included that have ended. @param {number} pid */
function processSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** All processors, but for idling and waiting for disks. */
function machineSeconds() {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  const [user, nice, system, , , irq, softIrq] = line.trim().split(/\s+/).slice(1).map(Number);
  return [user, nice, system, irq, softIrq].reduce((sum, ticks) => sum + (ticks ?? 0), 0) / ticksPerSecond;
}

/** Processes and their children, those included that have ended. @param {number} parent */
export function familySeconds(parent) {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const all = ids.map(Number).map(readStat);
  const own = all.filter((stat) => stat !== undefined && (stat.pid === parent || stat.parent === parent));
  const ended = own.find((stat) => stat?.pid === parent)?.endedTicks ?? 0;
  return own.reduce((sum, stat) => sum + (stat?.ticks ?? 0), ended) / ticksPerSecond;
}

/** @param {number} pid */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [parent, user, system, endedUser, endedSystem] = [1, 11, 12, 13, 14].map((index) => Number(fields[index]));
    return { pid, parent, ticks: user + system, endedTicks: endedUser + endedSystem };
  } catch {
    return undefined;
  }
}
