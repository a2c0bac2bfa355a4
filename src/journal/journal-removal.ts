import { readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsence } from './file-system.ts';
import type { JournalInfo, SegmentInfo } from './journal-listing.ts';
import { parseSegmentFile } from './layout.ts';

/**
 * Removes a segment that has been stored completely. Refused, with `false`, while the writer may still add to it or has
 * added since it was listed. The last segment of a living writer always stays: its number must not come again.
 */
export async function removeSegment(segment: SegmentInfo): Promise<boolean> {
  if (!segment.isClosed) return false;
  try {
    const { size } = await stat(segment.path);
    if (size !== segment.bytes) return false;
    await unlink(segment.path);
    return true;
  } catch (error) {
    if (isAbsence(error)) return true;
    throw error;
  }
}

/** Removes the directory of a dead instance that holds no segment any more; answers whether it is gone. */
export async function removeJournal(journal: JournalInfo): Promise<boolean> {
  if (journal.isAlive) return false;
  try {
    const names = await readdir(journal.path);
    if (names.some((name) => parseSegmentFile(name) !== undefined)) return false;
    await Promise.all(names.map((name) => unlink(join(journal.path, name)).catch(ignoreAbsence)));
    await rmdir(journal.path);
    return true;
  } catch (error) {
    return isAbsence(error);
  }
}

function ignoreAbsence(error: unknown): void {
  if (!isAbsence(error)) throw error;
}
