import { readFileSync } from 'node:fs';
import { readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPassing, type JournalFileSystem, makeDirectory, nodeFileSystem, replaceFileSync } from './file-system.ts';
import { fileMode, hashedName, stateRoot } from './layout.ts';
import { inheritOwnerAt } from './ownership.ts';

/** What was last known of a session on this machine: a hint for its next run, before any database has been asked. */
export interface SessionNote {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  /** Microseconds since the epoch; of two notes the higher one holds. */
  readonly version: number;
  readonly instanceId: string;
  /** Microseconds since the epoch. */
  readonly at: number;
}

/** `<directory>/state/<sha256 of the id>.json` */
export function sessionNotePath(directory: string, sessionId: string): string {
  return join(stateRoot(directory), `${hashedName(sessionId)}.json`);
}

/** Writes the note unless a newer one is there. Throws if the disk refuses it. */
export function writeSessionNote(
  directory: string,
  note: SessionNote,
  files: JournalFileSystem = nodeFileSystem,
): void {
  const known = readSessionNote(directory, note.id);
  if (known !== undefined && known.version > note.version) return;
  makeDirectory(stateRoot(directory), files);
  replaceFileSync(files, sessionNotePath(directory, note.id), `${JSON.stringify(note)}\n`, fileMode);
}

/** The note of a session, or `undefined` if there is none that can be read. */
export function readSessionNote(directory: string, sessionId: string): SessionNote | undefined {
  try {
    const note = parseNote(readFileSync(sessionNotePath(directory, sessionId), 'utf8'));
    return note?.id === sessionId ? note : undefined;
  } catch {
    return undefined;
  }
}

export interface NotePruning {
  /** Microseconds since the epoch: notes of ended sessions older than this go. */
  readonly before: number;
  readonly isEnded: (state: string) => boolean;
}

/**
 * Removes notes of sessions that ended long ago, and answers how many. Notes of open sessions always stay. Done once a day, whoever asks:
 * there may be as many files as there were sessions.
 */
export async function pruneSessionNotes(directory: string, pruning: NotePruning): Promise<number> {
  const root = stateRoot(directory);
  if (!(await takeDay(root))) return 0;
  let removed = 0;
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    if (!(await isOlder(path, pruning.before)) || !(await goes(path, name, pruning))) continue;
    removed += await unlink(path).then(
      () => 1,
      () => 0,
    );
  }
  return removed;
}

const prunedName = 'pruned';
const dayMillis = 86_400_000;

/** Whether nobody has done it today. */
async function takeDay(root: string): Promise<boolean> {
  const path = join(root, prunedName);
  const done = await stat(path).catch(() => undefined);
  if (done !== undefined && Math.abs(Date.now() - done.mtimeMs) < dayMillis) return false;
  return writeFile(path, '', { mode: fileMode }).then(
    () => {
      inheritOwnerAt(path);
      return true;
    },
    () => false,
  );
}

/** Whether a file was last written before, microseconds since the epoch: most need not even be read. */
async function isOlder(path: string, before: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs * 1000 < before;
}

async function goes(path: string, name: string, { before, isEnded }: NotePruning): Promise<boolean> {
  if (isPassing(name)) return true;
  const note = name.endsWith('.json') ? parseNote(await readFile(path, 'utf8').catch(() => '')) : undefined;
  return note !== undefined && note.at < before && isEnded(note.state);
}

function parseNote(text: string): SessionNote | undefined {
  try {
    const { id, state, attempt, version, instanceId, at } = JSON.parse(text) as Partial<
      Record<keyof SessionNote, unknown>
    >;
    if (typeof id !== 'string' || typeof state !== 'string' || typeof instanceId !== 'string') return undefined;
    if (typeof attempt !== 'number' || typeof version !== 'number' || typeof at !== 'number') return undefined;
    return { id, state, attempt, version, instanceId, at };
  } catch {
    return undefined;
  }
}
