import type { EventRecord, SessionCounts } from '../projection/record.ts';
import type { JournalEntry } from './journal.ts';
import { listJournals } from './journal-listing.ts';
import { readSegment } from './segment-reader.ts';

/** A state as the journal tells it. */
export interface KnownState {
  readonly state: string;
  readonly attempt: number;
  /** Microseconds since the epoch. */
  readonly version: number;
}

/** What the segments that are still there tell of one session. */
export interface SessionScan {
  readonly session?: KnownState;
  readonly items: ReadonlyMap<string, KnownState>;
  /** The last counts that the session told. */
  readonly counts?: SessionCounts;
  /** The highest version that the session told. */
  readonly version?: number;
  /** Segments that could not be read, each with the reason. */
  readonly unreadable: readonly string[];
}

/** Small enough that one stretch does not hold up the event loop. */
const stretchBytes = 256 * 1024;

/** Reads the last states of a session and its items from the journals in a directory, those of other instances included. */
export async function scanSession(directory: string, sessionId: string): Promise<SessionScan> {
  const items = new Map<string, KnownState>();
  let session: KnownState | undefined;
  let counted: Counted | undefined;
  let version: number | undefined;
  const unreadable: string[] = [];
  for (const journal of await listJournals(directory)) {
    for (const { path } of journal.segments) {
      for await (const { record } of entriesWith(path, sessionId, unreadable)) {
        if (record.type !== 'event' || record.sessionId !== sessionId) continue;
        counted = laterCounts(counted, record);
        if (record.unit === 'session') version = Math.max(version ?? 0, record.version ?? record.at);
        if (record.toState === undefined) continue;
        const known = toKnownState(record, record.toState);
        if (isMoveOf('session', record)) session = later(session, known);
        else if (isMoveOf('item', record) && record.itemId !== undefined) {
          items.set(record.itemId, later(items.get(record.itemId), known));
        }
      }
    }
  }
  return {
    items,
    unreadable,
    ...(session !== undefined && { session }),
    ...(counted !== undefined && { counts: counted.counts }),
    ...(version !== undefined && { version }),
  };
}

/** Entries whose line names the id; the others are not even parsed. */
async function* entriesWith(path: string, sessionId: string, unreadable: string[]): AsyncGenerator<JournalEntry, void> {
  const mention = Buffer.from(`"sessionId":${JSON.stringify(sessionId)}`);
  for (let from = 0; ; ) {
    const stretch = await readSegment(path, { from, maxBytes: stretchBytes, mention }).catch((error: unknown) => {
      unreadable.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (stretch?.status !== 'read') return;
    yield* stretch.entries;
    from = stretch.to;
    if (stretch.tail !== 'more') return;
  }
}

/** An event of the machine itself; others that carry a state only tell of it. */
function isMoveOf(machine: 'session' | 'item', record: EventRecord): boolean {
  return record.unit === machine && record.event.startsWith(`import.${machine}.`);
}

function toKnownState(record: EventRecord, state: string): KnownState {
  return { state, attempt: record.attempt ?? 1, version: record.version ?? record.at };
}

function later(known: KnownState | undefined, next: KnownState): KnownState {
  return known === undefined || next.version >= known.version ? next : known;
}

interface Counted {
  readonly version: number;
  readonly counts: SessionCounts;
}

function laterCounts(known: Counted | undefined, { counts, version, at }: EventRecord): Counted | undefined {
  const next = version ?? at;
  if (counts === undefined || (known !== undefined && next < known.version)) return known;
  return { version: next, counts };
}
