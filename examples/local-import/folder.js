// @ts-check
import { readdir } from 'node:fs/promises';
import { sep } from 'node:path';
import { toItemId, toText } from './names.js';

/**
 * One thing found in a folder. `path` holds the bytes of the name as the system gave them: a name need not be UTF-8.
 * @typedef {object} Entry
 * @property {string} id path below the folder, as text
 * @property {string} name last part of the path, as text
 * @property {Buffer} path
 * @property {'file' | 'link' | 'folder' | 'fifo' | 'socket' | 'device'} kind
 * @property {Error} [error] why a folder could not be read
 */

/**
 * @typedef {object} ExpandOptions
 * @property {readonly string[]} [include] name patterns with `*` and `?`; none means all files
 * @property {string} [exclude] a folder to leave out, such as the target when it lies inside
 * @property {number} [limit] stop after so many entries
 * @property {AbortSignal} [signal]
 */

const separator = Buffer.from(sep);

/**
 * Lists a folder with all folders below it, in the order of the name bytes. Links are listed and never walked into, so there
 * are no cycles. A folder below that cannot be read is listed with its error; the folder itself must be readable.
 * @param {string} folder
 * @param {ExpandOptions} [options]
 * @returns {Promise<Entry[]>}
 */
export async function expandFolder(folder, { include = [], exclude, limit = Number.POSITIVE_INFINITY, signal } = {}) {
  const wanted = toFilter(include);
  const excluded = exclude === undefined ? undefined : Buffer.from(exclude);
  const root = Buffer.from(folder);
  const start = root.length + separator.length;
  /** @type {Entry[]} */
  const entries = [];
  const open = [root];
  for (let path = open.pop(); path !== undefined && entries.length < limit; path = open.pop()) {
    signal?.throwIfAborted();
    const listed = await list(path);
    if ('error' in listed) {
      if (path === root) throw listed.error;
      entries.push({ ...describe(path, start), kind: 'folder', error: listed.error });
      continue;
    }
    const folders = [];
    for (const found of listed.found) {
      const inside = Buffer.concat([path, separator, found.name]);
      if (excluded?.equals(inside)) continue;
      if (found.isDirectory()) folders.push(inside);
      else if (wanted(found.name) && entries.length < limit)
        entries.push({ ...describe(inside, start), kind: kindOf(found) });
    }
    open.push(...folders.reverse());
  }
  return entries;
}

/** @param {Buffer} path */
async function list(path) {
  try {
    const found = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
    return { found: found.sort((a, b) => a.name.compare(b.name)) };
  } catch (error) {
    return { error: /** @type {Error} */ (error) };
  }
}

/**
 * @param {Buffer} path
 * @param {number} start
 */
function describe(path, start) {
  const name = path.subarray(path.lastIndexOf(separator) + separator.length);
  return { path, id: toItemId(path.subarray(start)), name: toText(name) };
}

/** @param {import('node:fs').Dirent<Buffer>} found */
function kindOf(found) {
  if (found.isFile()) return 'file';
  if (found.isSymbolicLink()) return 'link';
  if (found.isFIFO()) return 'fifo';
  return found.isSocket() ? 'socket' : 'device';
}

/**
 * @param {readonly string[]} patterns
 * @returns {(name: Buffer) => boolean}
 */
function toFilter(patterns) {
  if (patterns.length === 0) return () => true;
  const bodies = patterns.map((pattern) =>
    pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  );
  const matcher = new RegExp(`^(?:${bodies.join('|')})$`, 'is');
  return (name) => matcher.test(name.toString());
}
