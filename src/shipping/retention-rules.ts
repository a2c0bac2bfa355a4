import { isRetryableSessionState, isTerminalSessionState, sessionStateNames } from '../domain/session-states.ts';
import { qualified } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import { lostKept } from './lost-work.ts';

/** Tables that retention trims, in the order in which it does: a row stays while one before it refers to it. */
export const trimmedTables = [
  'audit_log',
  'api_logs',
  'task_progress',
  'import_items',
  'import_sessions',
  'lost_units',
  'lost_instances',
  'instances',
  'shipments',
] as const;
export type TrimmedTable = (typeof trimmedTables)[number];

/** What is to go, and what is to stay. */
export interface RetentionScope {
  readonly store: SqlLedgerStore;
  /** Records before it are old. */
  readonly cutoff: Date;
  /** Sessions that ended before it go, with all that is left of them; absent, where sessions stay. */
  readonly sessionCutoff?: Date;
  readonly keepSessions: readonly string[];
  /** Old processes that rows refer to which stay. */
  readonly keptProcesses: readonly string[];
  /** Rows that are to go and have not gone yet count as gone: so it is told beforehand what will go. */
  readonly isForeseen: boolean;
}

/** Column types of the keys by which rows are named. A unit that moves on gets a new version, and is another row then. */
export const trimKeys: Readonly<Record<TrimmedTable, Readonly<Record<string, string>>>> = {
  audit_log: { created_at: 'timestamptz', id: 'bigint' },
  api_logs: { created_at: 'timestamptz', id: 'bigint' },
  task_progress: { trace_id: 'uuid', span_id: 'text', version: 'bigint' },
  import_items: { session_id: 'text', id: 'text' },
  import_sessions: { id: 'text' },
  lost_units: { trace_id: 'uuid', span_id: 'text' },
  lost_instances: { instance_id: 'text' },
  instances: { instance_id: 'text' },
  shipments: { instance_id: 'text', segment: 'text' },
};

/** States that no run leaves, so that nobody asks for the items again. */
const finalStates = sessionStateNames
  .filter((state) => isTerminalSessionState(state) && !isRetryableSessionState(state))
  .map((state) => `'${state}'`)
  .join(', ');

/** Values of the conditions of this module: `$1` is when records are old, `$2` when sessions go, `$3` and `$4` what is kept. */
export function scopeValues({
  cutoff,
  sessionCutoff,
  keepSessions,
  keptProcesses,
}: RetentionScope): readonly unknown[] {
  return [cutoff, sessionCutoff ?? null, keepSessions, keptProcesses];
}

/** What every statement with these conditions has to name, since values that none names have no type. */
export const typed = 'num_nonnulls($1::timestamptz, $2::timestamptz, $3::text[], $4::text[]) > 0';

/** Condition for rows `r` of a table that go; its values are {@link scopeValues}. */
export function goes(scope: RetentionScope, table: TrimmedTable): string {
  return `${typed} and ${conditionOf(scope, table)}`;
}

function conditionOf(scope: RetentionScope, table: TrimmedTable, r = 'r'): string {
  switch (table) {
    case 'audit_log':
    case 'api_logs':
      return `r.created_at < $1 and ${isLoose(scope)}`;
    case 'task_progress':
      return `r.created_at < $1 and r.ended_at < $1 and ${isLoose(scope)}`;
    case 'import_items':
      return itemGoes(scope);
    case 'import_sessions':
      return sessionGoes(scope);
    case 'lost_units':
      return `${r}.closed_at < ${lostCutoff}`;
    case 'lost_instances':
      return `coalesce(${r}.closed_at, ${r}.suspected_at) < ${lostCutoff}`;
    case 'instances':
      return processGoes(scope);
    case 'shipments':
      return `r.updated_at < $1 and r.segment ~ '^(watch-)?[0-9]+$'`;
    default:
      return table satisfies never;
  }
}

/** What stays: records of sessions asked for, of sessions that have not ended, of traces in which something runs. */
function isLoose(scope: RetentionScope): string {
  return `not (coalesce(r.session_id = any($3), false)
    or coalesce(r.session_id in (select id from ${nameOf(scope, 'import_sessions')} where ended_at is null), false)
    or r.trace_id in (${openTraces(scope)}))`;
}

/** The state of items is needed as long as a run may take their session up again. Items whose session nobody knows go by themselves. */
function itemGoes(scope: RetentionScope): string {
  const sessions = nameOf(scope, 'import_sessions');
  return `coalesce(greatest(r.started_at, r.last_progress_at, r.ended_at) < $1, true) and (
    exists (select from ${sessions} s where s.id = r.session_id and ${isOver(scope)})
    or (r.ended_at is not null and ${isUnknownSession(scope)} and not exists (
      select from ${sessions} s where s.id = r.session_id)))`;
}

/** Condition for sessions `s` of which the items may go. */
export function isOver(scope: RetentionScope): string {
  const endedAt = 'greatest(s.ended_at, s.last_progress_at)';
  return `s.ended_at is not null and (s.state in (${finalStates}) and ${endedAt} < $1 or ${endedAt} < $2) and ${isIdle(scope, 's')}`;
}

/** Condition for sessions that nobody asked to keep and in which nothing runs. */
function isIdle(scope: RetentionScope, s: string): string {
  return `not (${s}.id = any($3)) and not coalesce(${s}.id in (${openSessions(scope)}), false)
    and not coalesce(${s}.trace_id in (${openTraces(scope)}), false)`;
}

function isUnknownSession(scope: RetentionScope): string {
  return `not (r.session_id = any($3)) and not coalesce(r.session_id in (${openSessions(scope)}), false)`;
}

/** The state of a session is the last that is known of it: it goes when it is asked for, and behind everything else of the session. */
function sessionGoes(scope: RetentionScope): string {
  const left = (table: 'audit_log' | 'task_progress' | 'import_items', young: string) =>
    `not exists (select from ${nameOf(scope, table)} e where e.session_id = r.id ${scope.isForeseen ? `and ${young}` : ''})`;
  const isOld = 'r.ended_at is not null and greatest(r.ended_at, r.last_progress_at) < $2';
  return `${isOld} and ${isIdle(scope, 'r')}
    and ${left('audit_log', `(e.created_at >= $1 or e.trace_id in (${openTraces(scope)}))`)}
    and ${left('task_progress', `((e.created_at < $1 and e.ended_at < $1) is not true or e.trace_id in (${openTraces(scope)}))`)}
    and ${left('import_items', `greatest(e.started_at, e.last_progress_at, e.ended_at) >= $1`)}`;
}

/** What a process left that was lost is looked at once more when its records come late. */
const lostCutoff = `least($1, now() - interval '${lostKept}')`;

/** A process that lives after all has its row back with its next sign of life. */
function processGoes(scope: RetentionScope): string {
  const lost = (table: 'lost_units' | 'lost_instances') =>
    `not exists (select from ${nameOf(scope, table)} l where l.instance_id = r.instance_id ${
      scope.isForeseen ? `and not (${conditionOf(scope, table, 'l')})` : ''
    })`;
  return `${isGone} and not (r.instance_id = any($4))
    and not coalesce(r.instance_id in (
      select p.instance_id from ${nameOf(scope, 'task_progress')} p where p.ended_at is null), false)
    and ${lost('lost_units')} and ${lost('lost_instances')}`;
}

/** It ended, or was not heard of for as long as records are kept. */
export const isGone = `case when r.ended_at is null then r.last_seen_at < least($1, now() - interval '1 day')
    else greatest(r.ended_at, r.last_seen_at) < $1 end`;

/** Old processes that units, items or sessions refer to which stay, asked for once: no index leads from a process to its units. */
export function keptProcessesSql(scope: RetentionScope): string {
  const referring = (table: TrimmedTable, young: string) =>
    `select r.instance_id from ${nameOf(scope, table)} r join old on old.instance_id = r.instance_id
      where ${young} ${scope.isForeseen ? `and (${conditionOf(scope, table)}) is not true` : ''}`;
  // Nothing of a process that was not heard of since can be a day younger.
  const recent = `$1::timestamptz + interval '1 day'`;
  return `with old as materialized (
      select instance_id from ${nameOf(scope, 'instances')} r where ${typed} and ${isGone})
    ${referring('task_progress', `r.created_at < ${recent}`)}
    union ${referring('import_items', `(r.started_at < ${recent} or r.started_at is null)`)}
    union ${referring('import_sessions', 'true')}`;
}

function openTraces(scope: RetentionScope): string {
  return `select trace_id from ${nameOf(scope, 'task_progress')} where ended_at is null`;
}

function openSessions(scope: RetentionScope): string {
  return `select session_id from ${nameOf(scope, 'task_progress')} where ended_at is null`;
}

/** A table or partition, quoted. */
export function nameOf({ store }: RetentionScope, name: string): string {
  return qualified(store.schema, name);
}
