// @ts-check
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The cycle that is at work, on disk: one that was killed is taken up again under the same id, so that finished pages are not repeated.
 * @param {string} directory
 */
export function openCycleFile(directory) {
  const path = join(directory, 'cycle.json');
  return {
    /** The id of the cycle that was left open, or a new one. @param {Date} now */
    async begin(now) {
      const open = await readJson(path);
      if (typeof open?.id === 'string') return { id: open.id, isResumed: true };
      const id = `inventory-${now.toISOString().slice(0, 23).replaceAll(/[-:.]/g, '').replace('T', '-')}`;
      await writeJson(path, { id });
      return { id, isResumed: false };
    },
    end: () => rm(path, { force: true }),
  };
}

/** @param {string} path @returns {Promise<any>} `undefined` where there is none, or none that can be read */
export async function readJson(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} path
 * @param {unknown} value
 */
export async function writeJson(path, value) {
  await writeFile(`${path}.new`, JSON.stringify(value));
  await rename(`${path}.new`, path);
}
