import { SpanledgerError } from '../../domain/errors.ts';
import { shellWord } from '../shell-words.ts';
import type { LedgerReader } from './ledger-reader.ts';
import { nearMatches } from './near-matches.ts';
import type { ProcessEnd } from './process-row.ts';
import type { SessionRow, UnitRow } from './rows.ts';

/** What an id stands for. */
export type Subject =
  | { readonly kind: 'session'; readonly id: string; readonly session: SessionRow }
  | { readonly kind: 'item'; readonly id: string; readonly sessionId: string; readonly unit: UnitRow }
  /** Work outside of sessions; `root` is the outermost unit of the trace. */
  | { readonly kind: 'trace'; readonly id: string; readonly root: UnitRow }
  /** `inner` is what it worked on last. */
  | {
      readonly kind: 'process';
      readonly id: string;
      readonly process: ProcessEnd;
      readonly inner: Subject | undefined;
    };

/**
 * What an id stands for, the first of these that matches exactly: session, process, trace (32 hex digits or a UUID), item (the last run
 * of it), task by name or by the id that a queue gave it (the last run of it).
 *
 * @throws SpanledgerError UNKNOWN_SUBJECT with the ids that come near
 */
export async function findSubject(reader: LedgerReader, id: string): Promise<Subject> {
  const found =
    (await sessionOf(reader, id)) ??
    (await processOf(reader, id)) ??
    (await traceOf(reader, traceIdOf(id))) ??
    (await itemOf(reader, id)) ??
    (await taskOf(reader, id));
  if (found !== undefined) return found;
  const near = await nearMatches(reader, id);
  const told =
    near.length === 0 ? '`spanledger sessions` lists sessions.' : `Near to it: ${near.map(shellWord).join(', ')}.`;
  throw new SpanledgerError('UNKNOWN_SUBJECT', { details: { id, near: told } });
}

async function sessionOf(reader: LedgerReader, id: string): Promise<Subject | undefined> {
  const [session] = await reader.sessions({ id, last: 1 });
  return session && { kind: 'session', id: session.id, session };
}

const mostRoots = 500;

async function processOf(reader: LedgerReader, id: string): Promise<Subject | undefined> {
  const process = await reader.process(id);
  if (process === undefined) return undefined;
  const units = await processUnits(reader, process, mostRoots);
  const open = units.findLast(({ ended_at: end, unit }) => end === null && unit === 'session');
  const last = open ?? units.at(-1);
  return { kind: 'process', id, process, inner: last && (await subjectOfUnit(reader, last)) };
}

/** The newest units of a process, oldest first. */
export async function processUnits(
  reader: LedgerReader,
  { instance_id: instanceId, started_at: since }: ProcessEnd,
  last: number,
): Promise<readonly UnitRow[]> {
  return reader.units({ instanceId, ...(since !== null && { since }) }, last);
}

/** What a unit belongs to: its session, else its trace. */
async function subjectOfUnit(reader: LedgerReader, unit: UnitRow): Promise<Subject | undefined> {
  const { session_id: session, trace_id: trace } = unit;
  return (session === null ? undefined : await sessionOf(reader, session)) ?? traceOf(reader, trace);
}

const hexTraceId = /^[0-9a-f]{32}$/;

/** A trace id in either of its forms, as 32 hex digits; `undefined` for what is none. */
export function traceIdOf(id: string): string | undefined {
  const hex = id.toLowerCase().replaceAll('-', '');
  return hexTraceId.test(hex) ? hex : undefined;
}

async function traceOf(reader: LedgerReader, traceId: string | undefined): Promise<Subject | undefined> {
  if (traceId === undefined) return undefined;
  const units = await reader.units({ traceId }, mostRoots);
  const spans = new Set(units.map(({ span_id: span }) => span));
  const root = units.find(({ parent_span_id: parent }) => parent === null || !spans.has(parent)) ?? units[0];
  if (root === undefined) return undefined;
  const { session_id: sessionId, item_id: itemId } = root;
  if (root.unit === 'item' && sessionId !== null && itemId !== null) {
    return { kind: 'item', id: itemId, sessionId, unit: root };
  }
  const session = sessionId === null ? undefined : await sessionOf(reader, sessionId);
  return session ?? { kind: 'trace', id: traceId, root };
}

async function itemOf(reader: LedgerReader, id: string): Promise<Subject | undefined> {
  const [record] = await reader.events({ itemId: id }, 1);
  const sessionId = record?.session_id ?? undefined;
  if (sessionId === undefined) return undefined;
  const [unit] = await reader.units({ sessionId, itemId: id, units: ['item'] }, 1);
  return unit && { kind: 'item', id, sessionId, unit };
}

async function taskOf(reader: LedgerReader, id: string): Promise<Subject | undefined> {
  const [session] = await reader.sessions({ kind: id, last: 1 });
  if (session !== undefined) return { kind: 'session', id: session.id, session };
  const [root] = await reader.taskRuns(id, 1);
  if (root !== undefined) return { kind: 'trace', id: root.trace_id, root };
  const [record] = await reader.events({ taskId: id }, 1);
  if (record === undefined) return undefined;
  const ofSession = record.session_id === null ? undefined : await sessionOf(reader, record.session_id);
  return ofSession ?? traceOf(reader, record.trace_id);
}
