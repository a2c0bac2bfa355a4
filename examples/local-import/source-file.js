// @ts-check
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { fileTypeFromBuffer } from 'file-type';

/**
 * @typedef {object} FileFacts
 * @property {number} bytes
 * @property {string} sha256
 * @property {string} mimeType by content, never by name
 * @property {Date} modifiedAt
 */

/**
 * What opening led to: a file, or the plain reason why there is none to import.
 * @typedef {{ status: 'opened', file: SourceFile } | { status: 'missing', reason: string } | { status: 'skipped', reason: string }} OpenResult
 */

// One sample is enough for every signature that file-type knows by its head.
const sampleBytes = 4100;
const maxReadBytes = 256 * 1024;

/** A file under import. It is opened once, so that what is hashed and what is copied is the same file even if its name vanishes. */
export class SourceFile {
  #handle;
  #modifiedAt;
  #readBytes;

  /**
   * @param {import('node:fs/promises').FileHandle} handle
   * @param {import('node:fs').Stats} stats
   */
  constructor(handle, { mtime, size }) {
    this.#handle = handle;
    this.#modifiedAt = mtime;
    // A buffer of the full size for each of thousands of small files would keep the garbage collector busy.
    this.#readBytes = Math.min(size + 1, maxReadBytes);
  }

  /** Reads the whole file in small pieces; memory does not grow with its size. @returns {Promise<FileFacts>} */
  async analyze() {
    const hash = createHash('sha256');
    /** @type {Buffer | undefined} */
    let sample;
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      sample ??= chunk.subarray(0, sampleBytes);
      hash.update(chunk);
      bytes += chunk.length;
    }
    const mimeType = await detectType(sample ?? Buffer.alloc(0));
    return { bytes, sha256: hash.digest('hex'), mimeType, modifiedAt: this.#modifiedAt };
  }

  /** The content from the start. @returns {AsyncIterable<Buffer>} */
  chunks() {
    return this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: this.#readBytes });
  }

  async close() {
    await this.#handle.close();
  }
}

/**
 * Opens what an entry names. Only regular files are opened: a pipe would block, a device may act. A link counts as the file it leads to.
 * @param {import('./folder.js').Entry} entry
 * @returns {Promise<OpenResult>}
 */
export async function openSource(entry) {
  if (entry.error !== undefined) throw entry.error;
  const isLink = entry.kind === 'link';
  try {
    const refusal = refusalOf(await stat(entry.path), isLink);
    if (refusal !== undefined) return { status: 'skipped', reason: refusal };
    // Between that look and this one the name may have come to mean a pipe: O_NONBLOCK keeps open() from waiting for a writer.
    const handle = await open(entry.path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await toResult(handle, isLink);
  } catch (error) {
    const reason = absence(error, isLink);
    if (reason === undefined) throw error;
    return { status: 'missing', reason };
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} handle
 * @param {boolean} isLink
 * @returns {Promise<OpenResult>}
 */
async function toResult(handle, isLink) {
  const stats = await handle.stat();
  const reason = refusalOf(stats, isLink) ?? (stats.size === 0 ? 'empty file' : undefined);
  if (reason === undefined) return { status: 'opened', file: new SourceFile(handle, stats) };
  await handle.close();
  return { status: 'skipped', reason };
}

/**
 * @param {import('node:fs').Stats} stats
 * @param {boolean} isLink
 */
function refusalOf(stats, isLink) {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return isLink ? 'link to a folder, not followed' : 'became a folder after it was listed';
  if (stats.isFIFO()) return 'not a regular file: named pipe';
  return stats.isSocket() ? 'not a regular file: socket' : 'not a regular file: device';
}

/**
 * @param {unknown} error
 * @param {boolean} isLink
 */
function absence(error, isLink) {
  const { code } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === 'ELOOP') return 'broken link: it leads back to itself';
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
  return isLink ? 'broken link: its target does not exist' : 'vanished after it was listed';
}

/** @param {Buffer} sample */
async function detectType(sample) {
  const detected = await fileTypeFromBuffer(sample);
  return detected?.mime ?? (isText(sample) ? 'text/plain' : 'application/octet-stream');
}

/** UTF-8 without NUL counts as text; `stream: true` forgives a character that the sample cuts. @param {Buffer} sample */
function isText(sample) {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true }).includes('\0');
  } catch {
    return false;
  }
}
