import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Version of the segment format. A reader refuses what is newer. */
export const journalFormat = 1;

/** Nobody but the owner reads what is written: it holds request bodies, paths and messages. */
export const directoryMode = 0o700;
export const fileMode = 0o600;

const segmentPattern = /^((?:watch-)?\d{8,})\.log$/;

/** `<directory>/journal`: one directory for each instance. */
export function journalRoot(directory: string): string {
  return join(directory, 'journal');
}

/** `<directory>/journal/<instanceId>` */
export function instanceDirectory(directory: string, instanceId: string): string {
  return join(journalRoot(directory), toFileName(instanceId));
}

/** An id as a file name: itself where it is one on every platform, else 32 hex digits of its SHA-256. */
export function toFileName(id: string): string {
  return /^[a-z0-9_][a-z0-9_-]{0,79}$/.test(id) ? id : hashedName(id);
}

/** The first 32 hex digits of the SHA-256 of a text: a file name for an id of any length and any characters. */
export function hashedName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

/** `00000001` or `watch-00000001`, the name under which a segment's offset is kept. */
export function toSegmentName(number: number, lane: Lane = 'main'): string {
  return `${lane === 'watch' ? watchPrefix : ''}${String(number).padStart(8, '0')}`;
}

/**
 * Who writes a segment: the program, or the watchdog beside it, which has to be able to write while the program cannot. Each lane has its
 * own segments, numbered by itself: only the last one of a lane is written to.
 */
export type Lane = 'main' | 'watch';

const watchPrefix = 'watch-';

/** The lane that a segment belongs to, by its name. */
export function laneOf(segment: string): Lane {
  return segment.startsWith(watchPrefix) ? 'watch' : 'main';
}

/** The number of a segment within its lane. */
export function segmentNumber(segment: string): number {
  return Number(laneOf(segment) === 'watch' ? segment.slice(watchPrefix.length) : segment);
}

/** Oldest first within a lane, one lane behind the other. */
export function bySegment(one: string, other: string): number {
  const lanes = laneOf(one).localeCompare(laneOf(other));
  return lanes === 0 ? segmentNumber(one) - segmentNumber(other) : lanes;
}

/** The name of the segment in a file, or `undefined` if the file is no segment. */
export function parseSegmentFile(fileName: string): string | undefined {
  return segmentPattern.exec(fileName)?.[1];
}

export function segmentPath(instanceDirectory: string, segment: string): string {
  return join(instanceDirectory, `${segment}.log`);
}

export const ownerFileName = 'owner.json';
export const heartbeatFileName = 'heartbeat.json';
export const loopsFileName = 'loops.json';
export const exitFileName = 'exit.json';

/** `<directory>/state`: what was last known of each session. */
export function stateRoot(directory: string): string {
  return join(directory, 'state');
}

/** `<directory>/dead-letters`: what no store accepts. */
export function deadLetterRoot(directory: string): string {
  return join(directory, 'dead-letters');
}
