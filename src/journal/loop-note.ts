import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoopFacts } from '../domain/health.ts';
import { type JournalFileSystem, makeDirectory, nodeFileSystem, replaceFileSync } from './file-system.ts';
import { fileMode, loopsFileName } from './layout.ts';

/** Leaves what the loops of a process tell of themselves in its instance directory, for who looks from outside. Throws if the disk refuses. */
export function writeLoops(
  instanceDirectory: string,
  loops: readonly LoopFacts[],
  files: JournalFileSystem = nodeFileSystem,
): void {
  makeDirectory(instanceDirectory, files);
  replaceFileSync(files, join(instanceDirectory, loopsFileName), `${JSON.stringify(loops)}\n`, fileMode);
}

/** What the loops of a process told last; empty where it has none. */
export function readLoops(instanceDirectory: string): readonly LoopFacts[] {
  try {
    const value: unknown = JSON.parse(readFileSync(join(instanceDirectory, loopsFileName), 'utf8'));
    return Array.isArray(value) ? value.filter(isLoopFacts) : [];
  } catch {
    return [];
  }
}

function isLoopFacts(value: unknown): value is LoopFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { name, count, failures, since } = value as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && [count, failures, since].every((one) => typeof one === 'number');
}
