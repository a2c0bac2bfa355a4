// @ts-check
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Who holds a lock: a process id comes again, its start does not.
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} started when the process began, as the system tells it
 * @property {string} since when it took the lock
 */

/** Another instance runs. */
export class HeldError extends Error {}

/**
 * Takes the lock of the single instance. A lock whose holder has ended is taken over, also where another process has got its id.
 * @param {string} path
 * @returns {Promise<{ takenFrom: Holder | undefined, release: () => Promise<void> }>}
 */
export async function takeInstanceLock(path) {
  const mine = `${path}.${randomUUID()}`;
  const started = startOf(process.pid) ?? 'unknown';
  await writeFile(mine, JSON.stringify({ pid: process.pid, started, since: new Date().toISOString() }));
  /** @type {Holder | undefined} */
  let takenFrom;
  try {
    while (!(await tryLink(mine, path))) takenFrom = (await removeStale(path)) ?? takenFrom;
  } finally {
    await rm(mine);
  }
  return { takenFrom, release: () => rm(path, { force: true }) };
}

/**
 * @param {string} from
 * @param {string} to
 */
async function tryLink(from, to) {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** Moved aside before it is judged, so that of two processes only one removes it. @param {string} path */
async function removeStale(path) {
  refuseIfAlive(path, await readHolder(path));
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const holder = await readHolder(aside);
  if (isAlive(holder)) await tryLink(aside, path);
  await rm(aside);
  refuseIfAlive(path, holder);
  return holder;
}

/**
 * A lock that cannot be read names nobody.
 * @param {string} path
 * @returns {Promise<Holder | undefined>}
 */
async function readHolder(path) {
  try {
    const { pid, started, since } = JSON.parse(await readFile(path, 'utf8'));
    return Number.isInteger(pid) ? { pid, started: String(started), since: String(since) } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} path
 * @param {Holder | undefined} holder
 */
function refuseIfAlive(path, holder) {
  if (holder === undefined || !isAlive(holder)) return;
  throw new HeldError(
    `Another inventory-sync runs: process ${holder.pid} holds ${path} since ${holder.since}. Stop it, or choose another --state.`,
  );
}

/** @param {Holder | undefined} holder */
function isAlive(holder) {
  return holder !== undefined && startOf(holder.pid) === holder.started;
}

/** When a process began; `undefined` where there is none, or where it has ended and is only not cleared away yet. @param {number} pid */
export function startOf(pid) {
  return process.platform === 'linux' ? startInProc(pid) : startByPs(pid);
}

/** @param {number} pid */
function startInProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name of the program, in parentheses, and may hold blanks and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function startByPs(pid) {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code;
}
