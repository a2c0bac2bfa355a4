import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalOwner, LedgerRecord } from '../projection/record.ts';
import { isAbsence, makeDirectory } from './file-system.ts';
import { frameText, jsonOf, nextLine } from './frame.ts';
import { deadLetterRoot, fileMode, toFileName } from './layout.ts';
import { inheritOwner } from './ownership.ts';

/** Something that no store accepts, kept for people and for a later attempt. */
export interface DeadLetter {
  /** When it was put here, microseconds since the epoch. */
  readonly at: number;
  /** SQLSTATE of a refusal, or what is wrong with the bytes. */
  readonly code: string;
  readonly reason: string;
  readonly owner: JournalOwner;
  /** Where it came from. Owner, segment and start name a letter: put in twice, it is there once. */
  readonly segment: string;
  readonly start: number;
  readonly end: number;
  /** The record that was refused. */
  readonly record?: LedgerRecord;
  /** Bytes that are no record, base64. */
  readonly bytes?: string;
}

/** What becomes of a letter after another attempt. */
export type LetterVerdict = 'keep' | 'remove' | DeadLetter;

/**
 * Puts letters into `<directory>/dead-letters`, one file for each segment they came from, and syncs them: the offset
 * behind a letter may be committed when this has resolved.
 */
export async function appendDeadLetters(directory: string, letters: readonly DeadLetter[]): Promise<void> {
  const root = deadLetterRoot(directory);
  makeDirectory(root);
  const lines = new Map<string, Uint8Array[]>();
  for (const letter of letters) {
    const name = fileOf(letter);
    lines.set(name, [...(lines.get(name) ?? []), frameText(JSON.stringify(letter))]);
  }
  for (const [name, group] of lines) await appendLines(join(root, name), Buffer.concat(group));
}

/** All dead letters, oldest first. What is damaged among them is left out. */
export async function readDeadLetters(directory: string): Promise<readonly DeadLetter[]> {
  const root = deadLetterRoot(directory);
  const found = new Map<string, DeadLetter>();
  for (const name of await listFiles(root)) {
    for (const letter of await readLetters(join(root, name))) found.set(keyOf(letter), letter);
  }
  return [...found.values()].sort((a, b) => a.at - b.at);
}

/**
 * Tries every letter again: `attempt` answers what becomes of it. Letters that others put in meanwhile stay, and so does
 * everything if this process dies: a file is claimed by renaming it and removed when its remains are back in place.
 */
export async function rewriteDeadLetters(
  directory: string,
  attempt: (letter: DeadLetter) => LetterVerdict | Promise<LetterVerdict>,
): Promise<{ readonly kept: number; readonly removed: number }> {
  const root = deadLetterRoot(directory);
  let kept = 0;
  let removed = 0;
  for (const name of await listFiles(root)) {
    const claimed = await claim(root, name);
    if (claimed === undefined) continue;
    const letters = new Map((await readLetters(claimed)).map((letter) => [keyOf(letter), letter]));
    const remains: DeadLetter[] = [];
    for (const letter of letters.values()) {
      const verdict = await attempt(letter);
      if (verdict !== 'remove') remains.push(verdict === 'keep' ? letter : verdict);
    }
    await appendDeadLetters(directory, remains);
    await unlink(claimed).catch(ignoreAbsence);
    kept += remains.length;
    removed += letters.size - remains.length;
  }
  return { kept, removed };
}

function fileOf(letter: DeadLetter): string {
  return `${toFileName(letter.owner.instanceId)}-${toFileName(letter.segment)}.log`;
}

function keyOf(letter: DeadLetter): string {
  return `${letter.owner.instanceId} ${letter.segment} ${letter.start}`;
}

async function listFiles(root: string): Promise<readonly string[]> {
  const names = await readdir(root).catch((error: unknown) => {
    if (isAbsence(error)) return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.log') || name.includes('.log.claimed-')).sort();
}

/** Appends, and does so again if the file was claimed meanwhile: the claimer may have read it before these lines. */
async function appendLines(path: string, lines: Uint8Array): Promise<void> {
  for (let isInPlace = false; !isInPlace; ) {
    const file = await open(path, 'a+', fileMode);
    try {
      inheritOwner(file.fd);
      await file.appendFile((await endsTorn(file)) ? Buffer.concat([Buffer.from('\n'), lines]) : lines);
      await file.datasync();
      const [own, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
      isInPlace = own.ino === there?.ino;
    } finally {
      await file.close();
    }
  }
}

/** Whether the last writer died in the middle of a line. */
async function endsTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 10;
}

async function readLetters(path: string): Promise<readonly DeadLetter[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isAbsence(error)) return Buffer.alloc(0);
    throw error;
  });
  const letters: DeadLetter[] = [];
  for (let line = nextLine(bytes, 0); line !== undefined; line = nextLine(bytes, line.end)) {
    if (line.isWhole) letters.push(JSON.parse(jsonOf(bytes, line)) as DeadLetter);
  }
  return letters;
}

/** Takes a file for this process. A claim is taken over like any other file: its owner may have died. */
async function claim(root: string, name: string): Promise<string | undefined> {
  const claimed = join(root, `${name.replace(/\.claimed-.*$/, '')}.claimed-${randomUUID()}`);
  try {
    await rename(join(root, name), claimed);
    return claimed;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function ignoreAbsence(error: unknown): void {
  if (!isAbsence(error)) throw error;
}
