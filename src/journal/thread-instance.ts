import { readdirSync } from 'node:fs';
import { type ExitNote, writeExitNote } from './exit-note.ts';
import { isAbsence } from './file-system.ts';
import { instanceDirectory, journalRoot } from './layout.ts';

/**
 * The instance of a worker thread: a thread can end while its process goes on, and its work ends with it, so it has a journal and a row in
 * `instances` of its own. `<instance of whoever started it>-t<thread id>`.
 */
export function threadInstanceId(parent: string, thread: number): string {
  return `${parent}-t${thread}`;
}

/** The id of the worker thread that an instance is; `undefined` where it is a process. */
export function threadOf(instanceId: string): number | undefined {
  const found = /-t(\d+)$/.exec(instanceId);
  return found === null ? undefined : Number(found[1]);
}

/** Whether an instance is a worker thread of another one, or a thread of such a thread. */
export function isThreadOf(instanceId: string, parent: string): boolean {
  return /^(?:-t\d+)+$/.test(instanceId.slice(parent.length)) && instanceId.startsWith(parent);
}

/**
 * Leaves with the journal of a worker thread how it ended, and with those of the threads that it had started: they ended with it, and nobody
 * else knows. Nothing where it recorded nothing. Throws if the disk refuses.
 */
export function writeThreadExitNotes(directory: string, instanceId: string, note: ExitNote): void {
  writeExitNote(instanceDirectory(directory, instanceId), note);
  for (const name of threadDirectories(directory)) {
    if (isThreadOf(name, instanceId)) writeExitNote(instanceDirectory(directory, name), note);
  }
}

function threadDirectories(directory: string): readonly string[] {
  try {
    return readdirSync(journalRoot(directory)).filter((name) => /-t\d+-t\d+$/.test(name));
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
