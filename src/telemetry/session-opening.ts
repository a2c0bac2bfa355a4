import { context, diag } from '@opentelemetry/api';
import { SpanledgerError } from '../domain/errors.ts';
import { type SessionEntry, sessionEntry } from '../domain/outcome.ts';
import { type ItemPast, type SessionPast, sessionHistory } from './history.ts';
import { parseId } from './identity.ts';
import { OpenSessions } from './open-sessions.ts';
import { SessionRun } from './session.ts';
import type { SessionOptions } from './session-options.ts';

/** Sessions at work in this process. */
export const openSessions = new OpenSessions<SessionRun>();

const noItems: ReadonlyMap<string, ItemPast> = new Map();

/**
 * Opens a run of a session: begins a new one, retries a failed one, takes one up that was left open, or skips one that
 * has ended.
 *
 * @throws SpanledgerError `SPANLEDGER_INVALID_ID`; `SPANLEDGER_SESSION_OPEN` where it is at work here already;
 * `SPANLEDGER_SESSION_REFUSED` where it ended in `error`.
 */
export async function openRun(options: SessionOptions): Promise<SessionRun> {
  const id = parseId('session', options.id);
  const around = context.active();
  openSessions.reserve(id);
  try {
    const past = await lookUp(id);
    const entry: SessionEntry = past === undefined ? 'begin' : sessionEntry(past.state);
    const runs = past !== undefined && entry !== 'skip' && entry !== 'refuse';
    const items = runs ? await itemsOf(past) : noItems;
    const run = new SessionRun({ options, around, past, entry, items, onClosed: () => openSessions.closed(id) });
    if (entry === 'refuse') throw refused(id, past?.state ?? 'error');
    if (!run.skipped) openSessions.opened(id, run);
    return run;
  } catch (error) {
    openSessions.closed(id);
    throw error;
  }
}

/** History promises to resolve; what it cannot tell counts as nothing known, and the work goes on. */
async function lookUp(id: string): Promise<SessionPast | undefined> {
  try {
    return await sessionHistory()?.lookup(id);
  } catch (error) {
    diag.warn('spanledger: the history of a session could not be read; it begins anew', error);
    return undefined;
  }
}

async function itemsOf(past: SessionPast): Promise<ReadonlyMap<string, ItemPast>> {
  try {
    return await past.items();
  } catch (error) {
    diag.warn('spanledger: the items of an earlier run could not be read; they are run again', error);
    return noItems;
  }
}

function refused(id: string, state: string): SpanledgerError {
  return new SpanledgerError('SESSION_REFUSED', { details: { id, state } });
}
