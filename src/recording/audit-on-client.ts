import { loadSettings } from '../configuration/settings.ts';
import { projectEvent } from '../projection/event-projection.ts';
import { rowsOf } from '../projection/rows.ts';
import { type Cell, type Column, tables } from '../projection/tables.ts';
import { parseSchemaName, qualified } from '../shipping/identifier.ts';
import { sanitizer } from '../storable/sanitizer.ts';
import type { AuditEntry } from '../telemetry/audit-entry.ts';
import { announcementOf } from '../telemetry/work.ts';
import { environmentService } from './environment-service.ts';
import { recordingService } from './live-span-processor.ts';

/** The part of a `pg` client, pool client or anything like it that is used. */
export interface AuditClient {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

export interface AuditOnOptions {
  /** Schema of the ledger. Default: the `schema` setting. */
  readonly schema?: string;
  /** Default: the service that this process records as, else `OTEL_SERVICE_NAME`. */
  readonly service?: string;
}

/**
 * Writes an audit record through the caller's own client, inside whatever transaction it is in: the record is committed
 * or rolled back with the work it tells of. It goes nowhere else: not to the journal, not onto a span, not over OTLP. Ids of
 * the session, item, step or request around the call are on it as on every other record.
 *
 * Rejects as the client does, so that a transaction that cannot be told of is not committed by mistake.
 *
 * @example
 * ```ts
 * await client.query('begin');
 * await client.query('update orders set approved = true where id = $1', [id]);
 * await auditOn(client, { event: 'order.approved', message: `order ${id} approved`, actor: user });
 * await client.query('commit');
 * ```
 */
export async function auditOn(
  client: AuditClient,
  entry: AuditEntry | string,
  options: AuditOnOptions = {},
): Promise<void> {
  const announced = announcementOf(entry);
  if (announced === undefined) return;
  const service = options.service ?? recordingService() ?? environmentService();
  const record = projectEvent(announced, { sanitizer: sanitizer(), service });
  const owner = { instanceId: '', service, host: '', pid: process.pid, startedAt: 0 };
  const row = rowsOf(record, owner).find(({ table }) => table === 'audit_log');
  if (row === undefined) return;
  const { columns } = tables.audit_log;
  await client.query(
    insertStatement(options.schema ?? loadSettings().settings.schema),
    columns.map((column) => toParameter(column, row.values[column.name])),
  );
}

function insertStatement(schema: string): string {
  const { columns, name } = tables.audit_log;
  const names = columns.map((column) => column.name).join(', ');
  const values = columns.map(({ type }, index) => `$${index + 1}::${type}`).join(', ');
  return `insert into ${qualified(parseSchemaName(schema), name)} (${names}) values (${values})`;
}

function toParameter(column: Column, cell: Cell | undefined): unknown {
  if (cell === undefined || cell === null) return null;
  return column.type === 'timestamptz' ? toIsoMicros(Number(cell)) : cell;
}

/** `Date` knows milliseconds; the three digits behind them are added to its text. */
function toIsoMicros(micros: number): string {
  const iso = new Date(Math.floor(micros / 1000)).toISOString();
  return iso.replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`);
}
