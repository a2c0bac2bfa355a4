// @ts-check
// Journals to ship: audit rows alone, and what the example importer writes.
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { importSession } from '../dist/index.js';
import { openJournal } from '../dist/journal/open-journal.js';
import { createLiveSpanProcessor, createRecorder } from '../dist/recording/index.js';

const groupSize = 100;
const rowsPerSession = 1_000;
const rowsPerTrace = 10;
const rowsPerError = 100;
/** The importer's own default. */
const concurrency = 4;
const filesPerSession = 2_000;

/**
 * A journal on disk, closed. `copy` makes a directory of its own for each run, since shipping removes what it has stored.
 * @typedef {object} WrittenJournal
 * @property {number} records
 * @property {number} bytes
 * @property {() => string} copy
 * @property {() => void} remove
 */

/**
 * Audit rows of about 350 bytes: a thousand a session, ten a trace, one in a hundred an error.
 * @param {number} count
 * @returns {Promise<WrittenJournal>}
 */
export function writeAuditRows(count) {
  return write(async (journal) => {
    for (let index = 0; index < count; index += groupSize) {
      const size = Math.min(groupSize, count - index);
      journal.append(...Array.from({ length: size }, (_, offset) => auditRecord(index + offset)));
    }
  });
}

/**
 * What importing `files` files with the example writes: sessions, items, steps, moves and saved files, concurrently, one file in
 * twenty a duplicate, one in a hundred gone.
 * @param {number} files
 * @returns {Promise<WrittenJournal>}
 */
export function writeImports(files) {
  return write(async (journal) => {
    const processor = createLiveSpanProcessor(createRecorder({ journal }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
    for (let first = 0; first < files; first += filesPerSession) {
      await importFiles(`photos-${first}`, first, Math.min(files, first + filesPerSession));
    }
    await processor.shutdown();
    trace.disable();
    context.disable();
  });
}

/** The records of the importer of examples/local-import, without the work. @param {string} id @param {number} first @param {number} end */
function importFiles(id, first, end) {
  return importSession({ id, kind: 'local', accountId: 'account-7' }, async (session) => {
    session.to('ready', 'catalogue and target are open');
    session.to('expanding', 'list /srv/photos');
    const entries = await session.step('expand', () =>
      Array.from({ length: end - first }, (_, index) => first + index),
    );
    await session.each(entries, { id: (entry) => `2026/holiday/IMG_${entry}.jpg`, concurrency }, importFile);
  });
}

/** @param {import('../dist/index.js').Item} item @param {number} entry */
async function importFile(item, entry) {
  const isThere = await item.step('open', () => entry % 100 !== 99);
  if (!isThere) return item.missing('the file is gone');
  const facts = await item.step('analyze', () => ({
    sha256: sha256Of(entry),
    bytes: 2_000_000 + entry,
    mimeType: 'image/jpeg',
  }));
  item.to('checking', 'duplicate check');
  const isKnown = await item.step('check', () => entry % 20 === 19);
  if (isKnown) return item.skip('duplicate', { sha256: facts.sha256, duplicateOf: `IMG_${entry - 1}.jpg` });
  item.to('moving');
  const path = await item.step('move', () => `2026/08/${facts.sha256.slice(0, 2)}/IMG_${entry}.jpg`);
  item.fileSaved({
    path,
    size: facts.bytes,
    mimeType: facts.mimeType,
    sha256: facts.sha256,
    originalName: `IMG_${entry}.jpg`,
  });
  item.to('updating');
  await item.step('update', () => true);
}

/**
 * @param {(journal: import('../dist/journal/open-journal.js').FileJournal) => Promise<void>} fill
 * @returns {Promise<WrittenJournal>}
 */
async function write(fill) {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
  const startedAt = Date.now() * 1_000;
  const owner = { instanceId: `bench-${randomUUID()}`, service: 'bench', host: 'bench', pid: process.pid, startedAt };
  const journal = openJournal({ directory, owner, maxBytes: 64 * 1024 ** 3 });
  await fill(journal);
  const { appended, bytes } = journal.stats();
  journal.close();
  const copies = [directory];
  return {
    records: Object.values(appended).reduce((sum, count) => sum + count, 0),
    bytes,
    copy() {
      const copied = mkdtempSync(join(tmpdir(), 'spanledger-bench-'));
      copies.push(copied);
      cpSync(directory, copied, { recursive: true });
      return copied;
    },
    remove() {
      for (const path of copies) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** @param {number} index @returns {import('../dist/projection/record.js').EventRecord} */
function auditRecord(index) {
  const session = Math.floor(index / rowsPerSession);
  const isError = index % rowsPerError === rowsPerError - 1;
  return {
    type: 'event',
    at: Date.now() * 1_000 + (index % 1_000),
    level: isError ? 'error' : 'info',
    category: 'import',
    event: isError ? 'import.file.failed' : 'import.file.saved',
    message: isError ? `IMG_${index}.jpg could not be read` : `IMG_${index}.jpg was stored in the library`,
    traceId: hex(Math.floor(index / rowsPerTrace), 32),
    spanId: hex(index, 16),
    sessionId: `photos-${session}`,
    itemId: `2026/holiday/IMG_${index}.jpg`,
    correlationId: `upload-${session}`,
    unit: 'item',
    seq: index % rowsPerTrace,
    durationMillis: (index % 977) / 10,
    details: JSON.stringify({ sha256: sha256Of(index), bytes: 1_000_000 + index, album: 'holiday', page: index % 50 }),
    ...(isError && { errorType: 'EIO', errorMessage: 'input/output error' }),
  };
}

/** Digits that look random and are the same in every run. @param {number} seed @param {number} length */
function hex(seed, length) {
  let state = (seed + 1) >>> 0;
  let text = '';
  while (text.length < length) {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    text += ((mixed ^ (mixed >>> 15)) >>> 0).toString(16).padStart(8, '0');
  }
  return text.slice(0, length);
}

/** @param {number} index */
function sha256Of(index) {
  return hex(index, 64);
}
