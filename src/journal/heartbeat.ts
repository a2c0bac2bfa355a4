import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalFileSystem, makeDirectory, nodeFileSystem, replaceFileSync } from './file-system.ts';
import { fileMode, heartbeatFileName } from './layout.ts';

/** A sign of life of an instance, with what it knows of itself. */
export interface Heartbeat {
  /** Microseconds since the epoch. */
  readonly at: number;
  /** Whatever is worth showing while the database is away: event-loop lag, memory, journal counts. */
  readonly figures?: Readonly<Record<string, unknown>>;
}

/** Leaves a sign of life in an instance directory. Throws if the disk refuses it. */
export function writeHeartbeat(
  instanceDirectory: string,
  heartbeat: Heartbeat,
  files: JournalFileSystem = nodeFileSystem,
): void {
  makeDirectory(instanceDirectory, files);
  replaceFileSync(files, join(instanceDirectory, heartbeatFileName), `${JSON.stringify(heartbeat)}\n`, fileMode);
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
