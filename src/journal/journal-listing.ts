import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalOwner } from '../projection/record.ts';
import { type ExitNote, readExitNote } from './exit-note.ts';
import { errorCodeOf, isAbsence } from './file-system.ts';
import { type Heartbeat, readHeartbeat } from './heartbeat.ts';
import {
  bySegment,
  exitFileName,
  journalRoot,
  laneOf,
  ownerFileName,
  parseSegmentFile,
  segmentPath,
} from './layout.ts';
import { createObserver, isOwnerAlive, lostAfterMillis, type Observer } from './liveness.ts';
import { parseSegmentHeader } from './segment-header.ts';

/** A segment as it lies on disk. */
export interface SegmentInfo {
  /** `00000001`: the name under which its offset is kept. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** Nothing will be added: a later segment exists, or the writer is dead. */
  readonly isClosed: boolean;
}

/** The journal of one instance as it lies on disk. */
export interface JournalInfo {
  readonly instanceId: string;
  readonly path: string;
  /** Missing where `owner.json` is missing or damaged; the segments may still say it. */
  readonly owner?: JournalOwner;
  readonly isAlive: boolean;
  readonly heartbeat?: Heartbeat;
  /** How its process ended, where its parent saw it. */
  readonly exit?: ExitNote;
  /** Oldest first within a lane. */
  readonly segments: readonly SegmentInfo[];
  readonly bytes: number;
}

/** So many are looked at together: each takes a file descriptor for a moment, of which the program needs some itself. */
const atOnce = 16;

/**
 * All journals in a spanledger directory, the one of this process included; none where there is no such directory.
 *
 * @throws what the file system says when the directory is there and cannot be read
 */
export async function listJournals(
  directory: string,
  observer: Observer = createObserver(),
): Promise<readonly JournalInfo[]> {
  const root = journalRoot(directory);
  const names = (await readdir(root).catch(noneIfAbsent)).sort();
  const journals: JournalInfo[] = [];
  for (let first = 0; first < names.length; first += atOnce) {
    const some = names.slice(first, first + atOnce);
    const described = await Promise.all(some.map((name) => describeJournal(join(root, name), name, observer)));
    journals.push(...described.filter((journal) => journal !== undefined));
  }
  return journals;
}

function noneIfAbsent(error: unknown): string[] {
  if (isAbsence(error)) return [];
  throw error;
}

/** Says nothing of the file: this process, or the machine, has no room to open one more. */
const shortages: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

async function describeJournal(path: string, name: string, observer: Observer): Promise<JournalInfo | undefined> {
  const files = await readdir(path).catch(() => undefined);
  if (files === undefined) return undefined;
  const told = await readFile(join(path, ownerFileName), 'utf8').catch((error: unknown) =>
    shortages.has(errorCodeOf(error)) ? undefined : '',
  );
  const reading = parseSegmentHeader(told ?? '');
  const header = reading.status === 'known' ? reading.header : undefined;
  const heartbeat = readHeartbeat(path);
  const exit = files.includes(exitFileName) ? readExitNote(path) : undefined;
  const found = await describeSegments(path, files);
  const lastSignMillis = Math.max(
    header === undefined ? await modifiedAt(path) : header.owner.startedAt / 1_000,
    (heartbeat?.at ?? 0) / 1_000,
    ...found.map((segment) => segment.modifiedAt),
  );
  const seemsAlive =
    header === undefined
      ? observer.clock.now() - lastSignMillis < lostAfterMillis
      : isOwnerAlive({ ...header, lastSignMillis }, observer);
  // In doubt it lives: waiting loses nothing.
  const isAlive = told === undefined || (exit === undefined && seemsAlive);
  const isLast = (index: number) => isLastOfLane(found, index);
  const segments = found.map((segment, index) => ({ ...segment, isClosed: !isAlive || !isLast(index) }));
  return {
    instanceId: header?.owner.instanceId ?? name,
    path,
    ...(header === undefined ? {} : { owner: header.owner }),
    isAlive,
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(exit === undefined ? {} : { exit }),
    segments,
    bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
  };
}

/** When a process was last seen to live, microseconds since the epoch: its heartbeat, its last write, or else its start. */
export function lastSignMicros({ owner, heartbeat, segments }: JournalInfo): number {
  const lastWrite = Math.max(0, ...segments.map(({ modifiedAt }) => Math.floor(modifiedAt * 1000)));
  return Math.max(owner?.startedAt ?? 0, heartbeat?.at ?? 0, lastWrite);
}

/** Whether no later segment of the same lane is there. */
function isLastOfLane(segments: readonly Pick<SegmentInfo, 'name'>[], index: number): boolean {
  const [segment, next] = [segments[index], segments[index + 1]];
  return segment !== undefined && (next === undefined || laneOf(next.name) !== laneOf(segment.name));
}

/** The last sign of an instance that has not yet said who it is. */
async function modifiedAt(path: string): Promise<number> {
  const info = await stat(path).catch(() => undefined);
  return info?.mtimeMs ?? 0;
}

async function describeSegments(
  directory: string,
  files: readonly string[],
): Promise<readonly Omit<SegmentInfo, 'isClosed'>[]> {
  const names = files.map(parseSegmentFile).filter((name) => name !== undefined);
  const found = await Promise.all(
    names.sort(bySegment).map(async (name) => {
      const path = segmentPath(directory, name);
      const info = await stat(path).catch(() => undefined);
      return info === undefined ? undefined : { name, path, bytes: info.size, modifiedAt: info.mtimeMs };
    }),
  );
  return found.filter((segment) => segment !== undefined);
}
