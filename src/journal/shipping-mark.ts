import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFileSystem } from './file-system.ts';
import { fileMode } from './layout.ts';

const markName = 'shipped';

/**
 * Marks a journal of which a part is in a database, before any of it is removed here: a database that knows nothing of it is another
 * one. A disk that is full takes no mark; then the room that shipping makes counts for more.
 */
export function markShipped(instanceDirectory: string): void {
  try {
    nodeFileSystem.closeSync(nodeFileSystem.openSync(join(instanceDirectory, markName), 'a', fileMode));
  } catch {
    // Whoever asks is told that nothing was shipped, and ships what is there.
  }
}

/** Whether a part of this journal is in a database already. */
export function isMarkedShipped(instanceDirectory: string): boolean {
  return existsSync(join(instanceDirectory, markName));
}
