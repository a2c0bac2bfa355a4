// @ts-check
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from './lock-file.js';
import { toTargetName } from './names.js';

/** @typedef {import('./source-file.js').FileFacts} FileFacts */

// File systems that refuse a hard link; there the file is copied once more, still without ever overwriting.
const noLinks = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/**
 * A tree of folders by date, `YYYY/MM/DD`. A file appears in it whole or not at all, and never in place of another.
 * The name holds a part of the hash, so a run that repeats after a crash finds what it had stored before.
 */
export class TargetTree {
  #root;
  #incoming;
  /** @type {Set<string>} */
  #made = new Set();

  /** @param {string} root */
  constructor(root) {
    this.#root = root;
    this.#incoming = join(root, '.incoming');
  }

  /** Makes the folders and removes what killed runs on this machine left half written. */
  async prepare() {
    await mkdir(this.#incoming, { recursive: true });
    for (const part of await readdir(this.#incoming)) {
      const [host, pid] = part.split('+');
      if (host === hostname() && !isAlive(Number(pid))) await rm(join(this.#incoming, part), { force: true });
    }
  }

  /**
   * Stores the bytes of a file and answers with its path below the root.
   * @param {string} name
   * @param {FileFacts} facts
   * @param {AsyncIterable<Buffer>} chunks
   */
  async place(name, facts, chunks) {
    const day = facts.modifiedAt.toISOString().slice(0, -14).replaceAll('-', '/');
    const path = `${day}/${toTargetName(name, facts.sha256)}`;
    const target = join(this.#root, path);
    if (await holds(target, facts)) return path;
    const part = join(this.#incoming, `${hostname()}+${process.pid}+${randomUUID()}`);
    try {
      await write(part, facts, chunks);
      await this.#makeFolder(dirname(target));
      await publish(part, target);
    } catch (error) {
      // Another run may have stored the same content in the meantime.
      if (codeOf(error) !== 'EEXIST' || !(await holds(target, facts))) throw error;
    } finally {
      await rm(part, { force: true });
    }
    return path;
  }

  /** @param {string} folder */
  async #makeFolder(folder) {
    if (this.#made.has(folder)) return;
    await mkdir(folder, { recursive: true });
    this.#made.add(folder);
  }
}

/**
 * @param {string} path
 * @param {FileFacts} facts
 */
async function holds(path, facts) {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.size !== facts.bytes) return false;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex') === facts.sha256;
}

/**
 * @param {string} path
 * @param {FileFacts} facts
 * @param {AsyncIterable<Buffer>} chunks
 */
async function write(path, facts, chunks) {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.datasync();
    await file.utimes(facts.modifiedAt, facts.modifiedAt);
  } finally {
    await file.close();
  }
  if (hash.digest('hex') !== facts.sha256)
    throw new Error('The file changed while it was imported; its hash is another now.');
}

/**
 * A link appears at once and fails if the name is taken, which a rename does not.
 * @param {string} part
 * @param {string} target
 */
async function publish(part, target) {
  try {
    await link(part, target);
  } catch (error) {
    if (!noLinks.has(codeOf(error))) throw error;
    await copyFile(part, target, constants.COPYFILE_EXCL);
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? '';
}
