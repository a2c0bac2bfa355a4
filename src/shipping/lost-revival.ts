import { isFinishedItemState, isItemState, itemStateNames } from '../domain/item-states.ts';
import { isSessionState, isTerminalSessionState, sessionStateNames } from '../domain/session-states.ts';
import type { Row } from '../projection/tables.ts';
import { qualified } from './identifier.ts';
import { interruptionBeginning, withdrawalRow } from './interruption-records.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import type { LostCandidate } from './lost-instances.ts';
import { recount } from './lost-states.ts';
import { toUnit, type UnitRow } from './lost-units.ts';
import { PartitionNeeds } from './partition-months.ts';
import { appendAudit } from './row-append.ts';
import type { SqlConnection } from './sql-connection.ts';

interface ReopenedRow extends UnitRow {
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
    const rows = await reopenUnits(connection, schema, candidate);
    await reopenStates(connection, schema, candidate);
    await recount(connection, schema, candidate.instance_id);
    await appendAudit(
      connection,
      schema,
      rows.filter(({ unit }) => unit !== 'chunk').map((row, index) => withdrawalOf(row, at + index)),
    );
    for (const table of ['lost_units', 'lost_instances']) {
      await connection.query(`delete from ${qualified(schema, table)} where instance_id = $1`, [candidate.instance_id]);
    }
    const count = (unit: string) => rows.filter((row) => row.unit === unit).length;
    return { sessions: count('session'), items: count('item'), units: rows.length };
  });
}

/**
 * What the process has told of its work since moves the version on, and leaves the end that was put in its place: this is what is taken
 * back, known by its reason. An end of its own stays.
 */
function reopenUnits(
  connection: SqlConnection,
  schema: string,
  candidate: LostCandidate,
): Promise<readonly ReopenedRow[]> {
  return connection.query<ReopenedRow>(
    `update ${qualified(schema, 'task_progress')} p
      set status = u.status, ended_at = null, duration_ms = null, error_message = null
      from ${qualified(schema, 'lost_units')} u
      where u.instance_id = $1 and p.trace_id = u.trace_id and p.span_id = u.span_id and (p.version = u.version
        or p.version > u.version and p.ended_at is not null and left(p.error_message, length($2)) = $2)
      returning replace(p.trace_id::text, '-', '') as trace, p.span_id, p.unit, p.service_name, p.session_id, p.item_id,
        p.task_name, p.step_name, p.correlation_id, p.user_id, u.state`,
    [candidate.instance_id, interruptionBeginning(candidate)],
  );
}

async function reopenStates(connection: SqlConnection, schema: string, candidate: LostCandidate): Promise<void> {
  const assign = 'set state = u.state, reason = u.state_reason, ended_at = null';
  const open = 'u.instance_id = $1 and u.state <> all($2)';
  const isClosed = (row: string) =>
    `(${row}.version = u.state_version
      or ${row}.version > u.state_version and ${row}.state = 'failed' and left(${row}.reason, length($3)) = $3)`;
  const beginning = interruptionBeginning(candidate);
  await connection.query(
    `update ${qualified(schema, 'import_items')} i ${assign} from ${qualified(schema, 'lost_units')} u
      where ${open} and u.unit = 'item' and i.session_id = u.session_id and i.id = u.item_id
        and i.instance_id = $1 and ${isClosed('i')}`,
    [candidate.instance_id, itemStateNames.filter(isFinishedItemState), beginning],
  );
  await connection.query(
    `update ${qualified(schema, 'import_sessions')} s ${assign} from ${qualified(schema, 'lost_units')} u
      where ${open} and u.unit = 'session' and s.id = u.session_id and s.instance_id = $1 and ${isClosed('s')}`,
    [candidate.instance_id, sessionStateNames.filter(isTerminalSessionState), beginning],
  );
}

/** The row that tells of it. */
function withdrawalOf(row: ReopenedRow, at: number): Row {
  if (!isMoved(row) || row.state === null) return withdrawalRow(toUnit(row), undefined, at);
  return withdrawalRow({ ...toUnit(row), state: row.state }, 'failed', at);
}

/** Whether the state was moved when its unit was closed: one that had ended before was not. */
function isMoved({ unit, state }: ReopenedRow): boolean {
  if (unit === 'session') return isSessionState(state) && !isTerminalSessionState(state);
  return unit === 'item' && isItemState(state) && !isFinishedItemState(state);
}
