import { type Interruption, interruptItem, interruptSession } from '../domain/interruption.ts';
import { isItemState } from '../domain/item-states.ts';
import { isSessionState } from '../domain/session-states.ts';
import { qualified } from './identifier.ts';
import type { InterruptedUnit } from './interruption-records.ts';
import type { SqlConnection } from './sql-connection.ts';

/** What a row says of a unit that is closed in place of its process, or opened again. */
export interface UnitRow extends Record<string, unknown> {
  readonly trace: string;
  readonly span_id: string;
  readonly service_name: string;
  readonly session_id: string | null;
  readonly item_id: string | null;
  readonly unit: string;
  readonly task_name: string;
  readonly step_name: string;
  readonly correlation_id: string | null;
  readonly user_id: string | null;
}

/** An open unit as it stands in the database. */
interface OpenUnitRow extends UnitRow {
  readonly status: string;
  readonly version: number;
  /** State, reason and version of the session or item whose unit it is, where it is still this process' own. */
  readonly state: string | null;
  readonly state_reason: string | null;
  readonly state_version: number | null;
}

/** An open unit, and how it is closed. */
export interface Closing {
  readonly unit: InterruptedUnit;
  readonly row: OpenUnitRow;
  readonly interruption: Interruption<string>;
}

const chunk = 500;

/**
 * Locks the next open units of a process, with their states. A session stays open while another process works on its items: it is the
 * last to end.
 */
export async function lockOpenUnits(
  connection: SqlConnection,
  schema: string,
  instanceId: string,
): Promise<readonly Closing[]> {
  const name = (table: string) => qualified(schema, table);
  const rows = await connection.query<OpenUnitRow>(
    `with open as materialized (
        select p.* from ${name('task_progress')} p
        where p.ended_at is null and p.instance_id = $1 and (p.unit <> 'session' or not exists (
          select from ${name('import_sessions')} s
            join ${name('task_progress')} o on o.session_id = s.id and o.ended_at is null and o.instance_id <> $1
            join ${name('instances')} i on i.instance_id = o.instance_id and i.ended_at is null
              and i.last_seen_at > now() - interval '2 minutes'
          where s.id = p.session_id and s.instance_id = $1))
        order by p.trace_id, p.span_id limit ${chunk} for update
      )
      select replace(p.trace_id::text, '-', '') as trace, p.span_id, p.service_name, p.session_id, p.item_id, p.unit,
        p.task_name, p.step_name, p.status, p.version, p.correlation_id, p.user_id,
        coalesce(i.state, s.state, case when s.id is not null then 'pending' end) as state,
        coalesce(i.reason, s.reason) as state_reason, coalesce(i.version, s.version) as state_version
      from open p
      left join ${name('import_items')} i on p.unit = 'item' and i.session_id = p.session_id and i.id = p.item_id
        and i.instance_id = $1 and i.trace_id = p.trace_id and i.span_id = p.span_id
      left join ${name('import_sessions')} s on p.unit = 'session' and s.id = p.session_id and s.instance_id = $1
        and s.trace_id = p.trace_id
      order by p.trace_id, p.span_id`,
    [instanceId],
  );
  return rows.map(toClosing);
}

/** Items of closed sessions that their process held and whose unit had been given up before: they end with their session. */
export async function lockLeftItems(
  connection: SqlConnection,
  schema: string,
  { instanceId, sessionIds }: { readonly instanceId: string; readonly sessionIds: readonly string[] },
): Promise<readonly Closing[]> {
  if (sessionIds.length === 0) return [];
  const rows = await connection.query<OpenUnitRow>(
    `select replace(i.trace_id::text, '-', '') as trace, i.span_id, i.service_name, i.session_id, i.id as item_id,
        'item' as unit, 'item' as task_name, 'item' as step_name, 'IN_PROGRESS' as status, i.version, null as correlation_id,
        null as user_id, i.state, i.reason as state_reason, i.version as state_version
      from ${qualified(schema, 'import_items')} i
      where i.session_id = any($2) and i.instance_id = $1 and i.ended_at is null and i.state <> 'pending'
        and i.trace_id is not null and i.span_id is not null
      order by i.session_id, i.id for update`,
    [instanceId, sessionIds],
  );
  return rows.map(toClosing);
}

function toClosing(row: OpenUnitRow): Closing {
  const interruption = interruptionOf(row);
  const hasState = row.state !== null && (row.unit === 'session' || row.unit === 'item');
  const state = hasState && row.state !== null ? { state: row.state, steps: interruption.steps } : {};
  return { unit: { ...toUnit(row), ...state }, row, interruption };
}

/** The unit of a row, without its state. */
export function toUnit(row: UnitRow): InterruptedUnit {
  return {
    unit: row.unit,
    traceId: row.trace,
    spanId: row.span_id,
    service: row.service_name,
    sessionId: row.session_id ?? undefined,
    itemId: row.item_id ?? undefined,
    taskName: row.task_name,
    stepName: row.step_name,
    correlationId: row.correlation_id ?? undefined,
    userId: row.user_id ?? undefined,
  };
}

function interruptionOf({ unit, state }: OpenUnitRow): Interruption<string> {
  if (unit === 'session' && isSessionState(state)) return interruptSession(state);
  if (unit === 'item' && isItemState(state)) return interruptItem(state);
  return { steps: [], status: 'FAILED' };
}

/** What closes units: their end is the last sign of life of their process, or their own if it is later. */
export interface ClosingFacts {
  readonly instanceId: string;
  readonly reason: string;
}

/**
 * Closes units and the states that go with them. Versions stay, so that every record of the process itself that arrives later is newer
 * than this.
 */
export async function closeUnits(
  connection: SqlConnection,
  schema: string,
  { closings, instanceId, reason }: ClosingFacts & { readonly closings: readonly Closing[] },
): Promise<void> {
  const name = (table: string) => qualified(schema, table);
  const column = <T>(value: (closing: Closing) => T) => closings.map(value);
  const keys = [column(({ row }) => row.trace), column(({ row }) => row.span_id)];
  const statuses = column(({ interruption }) => interruption.status);
  // Its state had ended, so it was not interrupted but cut off before its own end.
  const errors = column(({ unit, interruption }) => (unit.steps?.length === 0 ? null : reasonOf(interruption, reason)));
  await connection.query(
    `insert into ${name('lost_units')}
        (trace_id, span_id, instance_id, unit, session_id, item_id, closed_at, status, version, state, state_reason, state_version)
      select trace::uuid, span, $3, unit, session_id, item_id, now(), status, version, state, state_reason, state_version
      from unnest($1::text[], $2::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
        $11::bigint[]) as u(trace, span, unit, session_id, item_id, status, version, state, state_reason, state_version)
      on conflict (trace_id, span_id) do nothing`,
    [
      ...keys,
      instanceId,
      column(({ row }) => row.unit),
      column(({ row }) => row.session_id),
      column(({ row }) => row.item_id),
      column(({ row }) => row.status),
      column(({ row }) => row.version),
      column(({ unit }) => unit.state ?? null),
      column(({ row }) => row.state_reason),
      column(({ row }) => row.state_version),
    ],
  );
  await connection.query(
    `update ${name('task_progress')} p
      set status = u.status, error_message = u.error, ended_at = greatest(p.updated_at, u.at),
        updated_at = greatest(p.updated_at, u.at),
        duration_ms = extract(epoch from greatest(p.updated_at, u.at) - p.created_at)::double precision * 1000
      from (
        select trace::uuid as trace_id, span, status, error,
          (select coalesce(i.ended_at, i.last_seen_at) from ${name('instances')} i where i.instance_id = $3) as at
        from unnest($1::text[], $2::text[], $4::text[], $5::text[]) as n(trace, span, status, error)
      ) u
      where p.trace_id = u.trace_id and p.span_id = u.span and p.ended_at is null`,
    [...keys, instanceId, statuses, errors],
  );
}

function reasonOf({ status }: Interruption<string>, reason: string): string | null {
  return status === 'FAILED' ? reason : null;
}
