import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalFileSystem, nodeFileSystem, replaceFileSync } from './file-system.ts';
import { exitFileName, fileMode } from './layout.ts';

/** How a process ended, as its parent saw it. */
export interface ExitNote {
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly code?: number;
  readonly signal?: string;
  /** The parent that saw it. */
  readonly seenBy: { readonly pid: number; readonly instanceId: string };
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
  const { at, code, signal, seenBy } = value as Partial<Record<keyof ExitNote, unknown>>;
  const isKnown = code === undefined || typeof code === 'number';
  return typeof at === 'number' && isKnown && (signal === undefined || typeof signal === 'string') && isObject(seenBy);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
