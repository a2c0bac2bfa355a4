import { isFinishedItemState, isItemState, itemStateNames } from '../domain/item-states.ts';
import { isSessionState, isTerminalSessionState, sessionStateNames } from '../domain/session-states.ts';
import { qualified } from './identifier.ts';
import { withdrawalRow } from './interruption-records.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import type { LostCandidate } from './lost-instances.ts';
import { recount } from './lost-states.ts';
import { PartitionNeeds } from './partition-months.ts';
import { appendAudit } from './row-append.ts';
import type { SqlConnection } from './sql-connection.ts';

interface ReopenedRow extends Record<string, unknown> {
  readonly trace: string;
  readonly span_id: string;
  readonly unit: string;
  readonly service_name: string;
  readonly session_id: string | null;
  readonly item_id: string | null;
  readonly task_name: string;
  readonly step_name: string;
  readonly correlation_id: string | null;
  readonly user_id: string | null;
  readonly state: string | null;
}

/** Gives a process that was taken for dead its work back: what it has not ended itself meanwhile is open as it was. */
export async function reopenWork(
  store: SqlLedgerStore,
  candidate: LostCandidate,
): Promise<{ sessions: number; items: number; units: number } | undefined> {
  const { schema } = store;
  const at = Date.now() * 1000;
  const needs = new PartitionNeeds();
  needs.add('audit_log', at);
  await store.partitions.make(needs);
  return store.database.transaction(async (connection) => {
    const [alive] = await connection.query(
      `select instance_id from ${qualified(schema, 'instances')} where instance_id = $1 and ended_at is null for update`,
      [candidate.instance_id],
    );
    if (alive === undefined) return undefined;
    const rows = await reopenUnits(connection, schema, candidate.instance_id);
    await reopenStates(connection, schema, candidate.instance_id);
    await recount(connection, schema, candidate.instance_id);
    await appendAudit(
      connection,
      schema,
      rows
        .filter(({ unit }) => unit !== 'chunk')
        .map((row, index) => withdrawalRow(toUnit(row), isMoved(row) ? 'failed' : undefined, at + index)),
    );
    for (const table of ['lost_units', 'lost_instances']) {
      await connection.query(`delete from ${qualified(schema, table)} where instance_id = $1`, [candidate.instance_id]);
    }
    const count = (unit: string) => rows.filter((row) => row.unit === unit).length;
    return { sessions: count('session'), items: count('item'), units: rows.length };
  });
}

function reopenUnits(connection: SqlConnection, schema: string, instanceId: string): Promise<readonly ReopenedRow[]> {
  return connection.query<ReopenedRow>(
    `update ${qualified(schema, 'task_progress')} p
      set status = u.status, ended_at = null, duration_ms = null, error_message = null
      from ${qualified(schema, 'lost_units')} u
      where u.instance_id = $1 and p.trace_id = u.trace_id and p.span_id = u.span_id and p.version = u.version
      returning replace(p.trace_id::text, '-', '') as trace, p.span_id, p.unit, p.service_name, p.session_id, p.item_id,
        p.task_name, p.step_name, p.correlation_id, p.user_id, u.state`,
    [instanceId],
  );
}

async function reopenStates(connection: SqlConnection, schema: string, instanceId: string): Promise<void> {
  const assign = 'set state = u.state, reason = u.state_reason, ended_at = null';
  const open = 'u.instance_id = $1 and u.state <> all($2)';
  await connection.query(
    `update ${qualified(schema, 'import_items')} i ${assign} from ${qualified(schema, 'lost_units')} u
      where ${open} and u.unit = 'item' and i.session_id = u.session_id and i.id = u.item_id
        and i.instance_id = $1 and i.version = u.state_version`,
    [instanceId, itemStateNames.filter(isFinishedItemState)],
  );
  await connection.query(
    `update ${qualified(schema, 'import_sessions')} s ${assign} from ${qualified(schema, 'lost_units')} u
      where ${open} and u.unit = 'session' and s.id = u.session_id and s.instance_id = $1 and s.version = u.state_version`,
    [instanceId, sessionStateNames.filter(isTerminalSessionState)],
  );
}

/** Whether the state was moved when its unit was closed: one that had ended before was not. */
function isMoved({ unit, state }: ReopenedRow): boolean {
  if (unit === 'session') return isSessionState(state) && !isTerminalSessionState(state);
  return unit === 'item' && isItemState(state) && !isFinishedItemState(state);
}

function toUnit(row: ReopenedRow): Parameters<typeof withdrawalRow>[0] {
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
    ...(isMoved(row) && row.state !== null && { state: row.state }),
  };
}
