import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalFileSystem, makeDirectory, nodeFileSystem, replaceFileSync, writeWhole } from './file-system.ts';
import { fileMode, heartbeatFileName } from './layout.ts';

/** A sign of life of an instance, with what it knows of itself. */
export interface Heartbeat {
  /** Microseconds since the epoch. */
  readonly at: number;
  /** Whatever is worth showing while the database is away: event-loop lag, memory, journal counts. */
  readonly figures?: Readonly<Record<string, unknown>>;
}

/**
 * Leaves a sign of life in an instance directory. A full disk takes no new file, but the old one can be written over: then above all is
 * there something to tell. Throws if the disk refuses that too.
 */
export function writeHeartbeat(
  instanceDirectory: string,
  heartbeat: Heartbeat,
  files: JournalFileSystem = nodeFileSystem,
): void {
  const path = join(instanceDirectory, heartbeatFileName);
  const text = `${JSON.stringify(heartbeat)}\n`;
  makeDirectory(instanceDirectory, files);
  try {
    replaceFileSync(files, path, text, fileMode);
  } catch {
    writeOver(files, path, text);
  }
}

function writeOver(files: JournalFileSystem, path: string, text: string): void {
  const bytes = Buffer.from(text);
  const descriptor = files.openSync(path, 'r+', fileMode);
  try {
    writeWhole(files, descriptor, bytes);
    files.ftruncateSync(descriptor, bytes.length);
  } finally {
    files.closeSync(descriptor);
  }
}

/** The last sign of life, or `undefined` if there is none that can be read. */
export function readHeartbeat(instanceDirectory: string): Heartbeat | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(instanceDirectory, heartbeatFileName), 'utf8'));
    return isHeartbeat(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHeartbeat(value: unknown): value is Heartbeat {
  return typeof value === 'object' && value !== null && 'at' in value && typeof value.at === 'number';
}
