import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { isInterrupted as isInterruptedReason } from '../domain/interruption.ts';
import { isItemState } from '../domain/item-states.ts';
import { isSessionState, isTerminalSessionState, type SessionState } from '../domain/session-states.ts';
import type { ItemCounts } from '../domain/statistics.ts';
import { readSessionNote } from '../journal/session-notes.ts';
import { type KnownState, type SessionScan, scanSession } from '../journal/session-scan.ts';
import type { LedgerStore } from '../shipping/store.ts';
import type { ItemPast, SessionHistory, SessionPast } from '../telemetry/history.ts';

export interface SessionHistoryOptions {
  readonly directory: string;
  /** Opens the database that every lookup may ask; absent where none is configured. */
  readonly openStore?: () => Promise<LedgerStore>;
  /** Opens the store that is asked for items only, when a session is taken up again and no database is configured. */
  readonly openEmbedded?: () => Promise<LedgerStore | undefined>;
  /** Longest time a lookup takes, default 1000. */
  readonly timeoutMillis?: number;
  readonly now?: () => number;
}

/** Longest time in which a database may tell of the past of a session. */
export const lookupMillis = 1_000;
/** How long a database that did not answer is left alone, so that it does not slow each session down. */
const restMillis = 10_000;
const itemTimeoutMillis = 30_000;
/**
 * A note this far ahead of the clock means that the clock was set back. Versions no longer grow by themselves then: only who knows the last
 * one can go on from it, so the journal is read as well, and the database is given as long as for items.
 */
const clockStepMillis = 1_000;

/**
 * What is known of earlier runs: the note that the journal of this directory keeps of each session, then the database, whichever is
 * newer. A database that does not answer in time is passed over; the answer is then what this machine knows.
 */
export function createSessionHistory(options: SessionHistoryOptions): SessionHistory {
  return new LedgerHistory(options);
}

const sessionSql = `select state, reason, attempt, version, total, pending, processing, imported, skipped, failed, missing
  from import_sessions where id = $1`;
const itemSql = 'select id, state, attempt, version from import_items where session_id = $1';

type Known = Omit<SessionPast, 'items'>;

interface SessionRow extends Record<string, unknown> {
  readonly state: string | null;
  readonly reason: string | null;
  readonly attempt: number | null;
  readonly version: number;
  readonly total: number | null;
  readonly pending: number | null;
  readonly processing: number | null;
  readonly imported: number | null;
  readonly skipped: number | null;
  readonly failed: number | null;
  readonly missing: number | null;
}

interface ItemRow extends Record<string, unknown> {
  readonly id: string;
  readonly state: string | null;
  readonly attempt: number | null;
  readonly version: number;
}

class LedgerHistory implements SessionHistory {
  readonly #options: SessionHistoryOptions;
  readonly #timeoutMillis: number;
  readonly #now: () => number;
  #store: Promise<LedgerStore | undefined> | undefined;
  /** When the database did not answer last, where it did not. */
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SessionHistoryOptions) {
    this.#options = options;
    this.#timeoutMillis = options.timeoutMillis ?? lookupMillis;
    this.#now = options.now ?? (() => Date.now());
  }

  async lookup(sessionId: string): Promise<SessionPast | undefined> {
    const noted = await this.#noted(sessionId);
    const isAhead = noted !== undefined && noted.version > (this.#now() + clockStepMillis) * 1_000;
    // The journal first: what is shipped and removed meanwhile is in the database by the time that is asked.
    const floor = isAhead ? await this.#lastVersion(sessionId) : 0;
    const stored = await this.#stored(sessionId, isAhead ? itemTimeoutMillis : this.#timeoutMillis);
    const newest = stored !== undefined && stored.version >= (noted?.version ?? 0) ? stored : noted;
    if (newest === undefined) return undefined;
    const attempt = Math.max(noted?.attempt ?? 1, stored?.attempt ?? 1);
    const version = Math.max(newest.version, floor);
    return { ...newest, attempt, version, items: () => this.#items(sessionId) };
  }

  lastKnown(sessionId: string): Known | undefined {
    const note = readSessionNote(this.#options.directory, sessionId);
    if (note === undefined || !isSessionState(note.state)) return undefined;
    return { state: note.state, attempt: note.attempt, version: note.version };
  }

  async #noted(sessionId: string): Promise<Known | undefined> {
    const known = this.lastKnown(sessionId);
    if (known === undefined) return undefined;
    const isAsked = this.#options.openStore !== undefined || !isTerminalSessionState(known.state);
    if (isAsked) return known;
    // A run that is skipped answers with the counts of the run before, and no database will tell them.
    const { counts } = await this.#scan(sessionId);
    return counts === undefined ? known : { ...known, counts };
  }

  /** What the journals here tell. One that cannot be read, which may be that of any process, hides no more than what is in it. */
  async #scan(sessionId: string): Promise<SessionScan> {
    try {
      const scan = await scanSession(this.#options.directory, sessionId);
      for (const reason of scan.unreadable) diag.warn(`A journal does not tell the past of a session: ${reason}`);
      return scan;
    } catch (error) {
      diag.warn('The journals do not tell the past of a session.', error);
      return { items: new Map(), unreadable: [] };
    }
  }

  /** That of the last record of the session that is still here, shipped or not. */
  async #lastVersion(sessionId: string): Promise<number> {
    const { version = 0 } = await this.#scan(sessionId);
    return version;
  }

  async #stored(sessionId: string, timeoutMillis: number): Promise<Known | undefined> {
    const { openStore } = this.#options;
    if (openStore === undefined || Math.abs(this.#now() - this.#failedAt) < restMillis) return undefined;
    try {
      // Loading the driver is the program's own start, not the database's answer.
      const store = await this.#opened(openStore);
      const rows = await within(timeoutMillis, async () => store?.query<SessionRow>(sessionSql, [sessionId]));
      return rows?.[0] === undefined ? undefined : toKnown(rows[0]);
    } catch (error) {
      this.#failedAt = this.#now();
      diag.warn('The database did not tell the past of a session; what this machine knows of it is used.', error);
      return undefined;
    }
  }

  async #items(sessionId: string): Promise<ReadonlyMap<string, ItemPast>> {
    const items = new Map(await this.#storedItems(sessionId));
    const journalled = await this.#scan(sessionId);
    for (const [id, item] of pastItems(journalled.items)) {
      const known = items.get(id);
      if (known === undefined || known.version < item.version) items.set(id, item);
    }
    return items;
  }

  async #storedItems(sessionId: string): Promise<readonly (readonly [string, ItemPast])[]> {
    const { openStore, openEmbedded } = this.#options;
    const open = openStore ?? openEmbedded;
    if (open === undefined) return [];
    try {
      const store = await this.#opened(open);
      const rows = (await within(itemTimeoutMillis, async () => store?.query<ItemRow>(itemSql, [sessionId]))) ?? [];
      return pastItems(rows.map(({ id, state, attempt, version }) => [id, { state, attempt: attempt ?? 1, version }]));
    } catch (error) {
      diag.warn('The database did not tell the items of a session; those in the journal are used.', error);
      return [];
    } finally {
      if (openStore === undefined) await this.#closeStore();
    }
  }

  #opened(open: () => Promise<LedgerStore | undefined>): Promise<LedgerStore | undefined> {
    this.#store ??= open().catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }

  /** The embedded store belongs to the command line as well, and only one process may have it open. */
  async #closeStore(): Promise<void> {
    const store = await this.#store?.catch(() => undefined);
    this.#store = undefined;
    await store?.close();
  }
}

interface StoredState extends Omit<KnownState, 'state'> {
  readonly state: string | null;
}

function pastItems(found: Iterable<readonly [string, StoredState]>): readonly (readonly [string, ItemPast])[] {
  return [...found].flatMap(([id, { state, attempt, version }]) =>
    isItemState(state) ? [[id, { state, attempt, version }] as const] : [],
  );
}

function toKnown(row: SessionRow): Known | undefined {
  if (!isSessionState(row.state)) return undefined;
  const counts = toCounts(row);
  const state: SessionState = row.state;
  const isInterrupted = state === 'failed' && isInterruptedReason(row.reason);
  const known = { state, attempt: row.attempt ?? 1, version: row.version, ...(isInterrupted && { isInterrupted }) };
  return counts === undefined ? known : { ...known, counts };
}

function toCounts(row: SessionRow): ItemCounts | undefined {
  if (row.total === null) return undefined;
  return {
    total: row.total,
    pending: row.pending ?? 0,
    processing: row.processing ?? 0,
    imported: row.imported ?? 0,
    skipped: row.skipped ?? 0,
    failed: row.failed ?? 0,
    missing: row.missing ?? 0,
  };
}

/** Runs `work` untraced, for at most that long. */
async function within<T>(millis: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${millis} ms.`)), millis);
  });
  try {
    return await Promise.race([context.with(suppressTracing(ROOT_CONTEXT), work), late]);
  } finally {
    clearTimeout(timer);
  }
}
