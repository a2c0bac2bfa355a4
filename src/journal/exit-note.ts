import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalFileSystem, nodeFileSystem, replaceFileSync } from './file-system.ts';
import { exitFileName, fileMode } from './layout.ts';

/** How a process, or a worker thread, ended, as its parent saw it. */
export interface ExitNote {
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly code?: number;
  readonly signal?: string;
  /** The parent that saw it. */
  readonly seenBy: { readonly pid: number; readonly instanceId: string };
  /** Given where it was a worker thread: its id. */
  readonly thread?: number;
  /** The error that ended a worker thread. */
  readonly error?: string;
}

/**
 * Leaves with the journal of a process how it ended, for whoever adopts it. `false` where there is no journal any more: it was adopted
 * already, or had nothing in it. Throws if the disk refuses.
 */
export function writeExitNote(
  instanceDirectory: string,
  note: ExitNote,
  files: JournalFileSystem = nodeFileSystem,
): boolean {
  if (!existsSync(instanceDirectory)) return false;
  replaceFileSync(files, join(instanceDirectory, exitFileName), `${JSON.stringify(note)}\n`, fileMode);
  return true;
}

/** The note that a parent left, or `undefined` if there is none that can be read. */
export function readExitNote(instanceDirectory: string): ExitNote | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(instanceDirectory, exitFileName), 'utf8'));
    return isExitNote(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isExitNote(value: unknown): value is ExitNote {
  if (typeof value !== 'object' || value === null) return false;
  const { at, code, signal, seenBy, thread, error } = value as Partial<Record<keyof ExitNote, unknown>>;
  const areNumbers = [code, thread].every((number) => number === undefined || typeof number === 'number');
  const areTexts = [signal, error].every((text) => text === undefined || typeof text === 'string');
  return typeof at === 'number' && areNumbers && areTexts && isObject(seenBy);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
