import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { listJournals } from '../../src/journal/journal-listing.ts';
import type { DamagedBytes } from '../../src/journal/segment-lines.ts';
import { readSegment } from '../../src/journal/segment-reader.ts';

/** An empty directory that goes away with the test. */
export function createPlace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'spanledger-journal-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

/** All that a directory's journals hold. */
export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  readonly damaged: readonly DamagedBytes[];
  readonly tornBytes: number;
}

/** Reads every segment to its end, a few bytes at a time if told so. */
export async function readAll(directory: string, maxBytes?: number): Promise<JournalContent> {
  const entries: JournalEntry[] = [];
  const damaged: DamagedBytes[] = [];
  let tornBytes = 0;
  for (const { segments } of await listJournals(directory)) {
    for (const { path, isClosed } of segments) {
      for (let from = 0, goesOn = true; goesOn; ) {
        const stretch = await readSegment(path, { from, isClosed, ...(maxBytes === undefined ? {} : { maxBytes }) });
        if (stretch.status !== 'read') throw new Error(`${path} is ${stretch.status}`);
        entries.push(...stretch.entries);
        damaged.push(...stretch.damaged);
        tornBytes += stretch.tornBytes;
        from = stretch.to;
        goesOn = stretch.tail === 'more';
      }
    }
  }
  return { entries, damaged, tornBytes };
}

/** The only segment of the only instance. */
export async function onlySegment(directory: string): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const [journal] = await listJournals(directory);
  const path = journal?.segments[0]?.path;
  if (path === undefined) throw new Error('There is no segment.');
  return { path, bytes: readFileSync(path) };
}
