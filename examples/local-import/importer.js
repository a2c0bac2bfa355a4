// @ts-check
import { importSession } from 'spanledger';
import { Claims } from './claims.js';
import { expandFolder } from './folder.js';
import { openSource } from './source-file.js';

/** @typedef {import('./folder.js').Entry} Entry */
/** @typedef {import('spanledger').Item} Item */

/**
 * @typedef {object} ImportOptions
 * @property {string} folder
 * @property {string} sessionId
 * @property {string} kind
 * @property {string} [accountId]
 * @property {number} concurrency
 * @property {import('./folder.js').ExpandOptions} expand
 * @property {import('./catalogue.js').Catalogue} catalogue
 * @property {import('./target-tree.js').TargetTree} target
 * @property {AbortSignal} signal
 * @property {(done: number, total: number) => void} onProgress
 */

/**
 * Imports a folder: one session, one item per file. It ends with an outcome whatever happens to single files.
 * @param {ImportOptions} options
 */
export async function importFolder(options) {
  const { folder, sessionId: id, kind, accountId, concurrency, signal, expand, onProgress } = options;
  const run = { ...options, claims: new Claims() };
  return importSession({ id, kind, accountId, signal }, async (session) => {
    // A session that is taken up again is further on already.
    if (session.state === 'pending') {
      session.to('ready', 'catalogue and target are open');
      session.to('expanding', `list ${folder}`);
    }
    const entries = await session.step('expand', () => expandFolder(folder, { ...expand, signal }));
    const report = () => onProgress(finishedOf(session.counts), entries.length);
    report();
    await session.each(entries, { id: (entry) => entry.id, concurrency }, async (item, entry) => {
      report();
      await importEntry(item, entry, run);
    });
    report();
  });
}

/** Files of an earlier run of the session are among them. @param {import('spanledger').Session['counts']} counts */
function finishedOf({ imported, skipped, failed }) {
  return imported + skipped + failed;
}

/**
 * @param {Item} item
 * @param {Entry} entry
 * @param {ImportOptions & { claims: Claims }} run
 */
async function importEntry(item, entry, run) {
  const opened = await item.step('open', () => openSource(entry));
  if (opened.status === 'missing') return item.missing(opened.reason);
  if (opened.status === 'skipped') return item.skip(opened.reason);
  const { file } = opened;
  try {
    const facts = await item.step('analyze', () => file.analyze());
    await run.claims.hold(facts.sha256, () => store(item, { entry, file, facts }, run));
  } finally {
    await file.close();
  }
}

/**
 * @param {Item} item
 * @param {{ entry: Entry, file: import('./source-file.js').SourceFile, facts: import('./source-file.js').FileFacts }} source
 * @param {ImportOptions} run
 */
async function store(item, { entry, file, facts }, { catalogue, target, sessionId }) {
  const { sha256, bytes, mimeType } = facts;
  item.to('checking', 'duplicate check');
  const known = await item.step('check', () => catalogue.find(sha256));
  // A run that was killed may have catalogued the file without having said so; then this is the rest of the same import.
  const isResumed = known?.sessionId === sessionId && known.source === entry.id;
  if (known !== undefined && !isResumed) return item.skip('duplicate', { sha256, duplicateOf: known.path });
  item.to('moving');
  const path = await item.step('move', () => target.place(entry.name, facts, file.chunks()));
  item.fileSaved({ path, size: bytes, mimeType, sha256, originalName: entry.name });
  item.to('updating');
  const row = { ...facts, name: entry.name, source: entry.id, path, sessionId };
  const isNew = await item.step('update', () => catalogue.add(row));
  if (!isNew && !isResumed) item.finish('warning', 'another run catalogued the same content first');
}
