// @ts-check
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Takes a lock that names its holder's process; the lock of a process that is gone is taken over.
 * @param {string} path
 * @returns {Promise<() => Promise<void>>} gives the lock back
 */
export async function takeLock(path) {
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, String(process.pid));
  try {
    while (!(await tryLink(mine, path))) await removeStale(path);
  } finally {
    await rm(mine);
  }
  return () => rm(path, { force: true });
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
  const aside = `${path}.${randomUUID()}`;
  refuseIfHeld(path, await readHolder(path));
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const holder = await readHolder(aside);
  if (isAlive(holder)) await tryLink(aside, path);
  await rm(aside);
  refuseIfHeld(path, holder);
}

/** @param {string} path */
async function readHolder(path) {
  return Number(await readFile(path, 'utf8').catch(() => '0'));
}

/**
 * @param {string} path
 * @param {number} pid
 */
function refuseIfHeld(path, pid) {
  if (isAlive(pid)) throw new Error(`${path} is held by process ${pid}; wait for it, or choose another --catalogue.`);
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code;
}
