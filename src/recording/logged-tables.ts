import { type AuditLevel, auditLevelNames } from '../domain/audit.ts';
import { SpanledgerError } from '../domain/errors.ts';
import { type TaskStatus, taskStatusNames } from '../domain/task-status.ts';

/** Members that every row may have. What is absent comes from where the call is made. */
export interface AnyRow {
  /** Default: now. */
  readonly created_at?: Date | string;
  /** 32 hex digits or a UUID. Default: that of the active span, else one of the ledger's own. Any other text is taken as correlation id. */
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly correlation_id?: string;
  readonly session_id?: string;
  readonly user_id?: string;
}

/** One request. Headers that are not on the list of the settings are left out. */
export interface ApiLogRow extends AnyRow {
  readonly method: string;
  /** The path; a query is cut off. */
  readonly endpoint: string;
  /** Default: inbound. */
  readonly direction?: 'inbound' | 'outbound';
  readonly route?: string;
  readonly request_header?: Readonly<Record<string, unknown>>;
  readonly request_body?: unknown;
  readonly response_status?: number;
  readonly response_body?: unknown;
  readonly duration_ms?: number;
  readonly ip_address?: string;
  readonly request_id?: string;
  readonly reason?: string;
}

/** A step of a task. Rows of the same trace, task, step, order and attempt move one row of the table forward. */
export interface TaskProgressRow extends AnyRow {
  readonly task_name: string;
  readonly step_name: string;
  readonly status: TaskStatus;
  readonly item_id?: string;
  readonly parent_span_id?: string;
  readonly execution_order?: number;
  readonly attempt?: number;
  readonly done?: number;
  readonly total?: number;
  readonly input_data?: unknown;
  readonly output_data?: unknown;
  readonly error_message?: string;
  readonly stack_trace?: string;
}

/** Anything else that is to be found again. */
export interface AuditLogRow extends AnyRow {
  readonly message: string;
  /** Default: audit. */
  readonly event?: string;
  /** Default: info. */
  readonly level?: AuditLevel;
  /** Default: audit. */
  readonly category?: string;
  readonly item_id?: string;
  readonly request_id?: string;
  readonly task_id?: string;
  readonly reason?: string;
  readonly duration_ms?: number;
  readonly details?: unknown;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly stack_trace?: string;
  readonly recommended_actions?: readonly string[];
}

/** The tables that `log` writes to, with what each takes. */
export interface LoggedRows {
  readonly api_logs: ApiLogRow;
  readonly task_progress: TaskProgressRow;
  readonly audit_log: AuditLogRow;
}

/** Name of a table that `log` writes to. */
export type LoggedTable = keyof LoggedRows;

const any = ['created_at', 'trace_id', 'span_id', 'correlation_id', 'session_id', 'user_id'];

/** What rows may have, and what they must have. */
const members: Readonly<Record<LoggedTable, { readonly required: readonly string[]; readonly optional: string }>> = {
  api_logs: {
    required: ['method', 'endpoint'],
    optional:
      'direction route request_header request_body response_status response_body duration_ms ip_address request_id reason',
  },
  task_progress: {
    required: ['task_name', 'step_name', 'status'],
    optional:
      'item_id parent_span_id execution_order attempt done total input_data output_data error_message stack_trace',
  },
  audit_log: {
    required: ['message'],
    optional:
      'event level category item_id request_id task_id reason duration_ms details error_type error_message stack_trace recommended_actions',
  },
};

const known = new Map<string, ReadonlySet<string>>(
  Object.entries(members).map(([name, { required, optional }]) => [
    name,
    new Set([...any, ...required, ...optional.split(' ')]),
  ]),
);

/**
 * Checks what is given to `log`.
 *
 * @throws SpanledgerError `SPANLEDGER_ARGUMENT_INVALID` for a table or a member that there is not, or one that is missing
 */
export function checkRow(table: string, row: unknown): asserts row is LoggedRows[LoggedTable] {
  const names = known.get(table);
  if (names === undefined) throw invalid([...known.keys()].join(', '), `the table ${String(table)}`);
  if (typeof row !== 'object' || row === null) throw invalid(`a row of ${table}`, row === null ? 'null' : typeof row);
  const given = row as Readonly<Record<string, unknown>>;
  const strange = Object.keys(given).find((name) => !names.has(name));
  if (strange !== undefined) throw invalid(`${[...names].join(', ')} for ${table}`, strange);
  const { required } = members[table as LoggedTable];
  const missing = required.find((name) => typeof given[name] !== 'string' || given[name] === '');
  if (missing !== undefined) throw invalid(`${missing} as text for ${table}`, `${typeof given[missing]}`);
  oneOf('status', given.status, taskStatusNames);
  oneOf('level', given.level, auditLevelNames);
  oneOf('direction', given.direction, ['inbound', 'outbound']);
}

function oneOf(name: string, value: unknown, values: readonly string[]): void {
  if (value !== undefined && !values.includes(value as string)) {
    throw invalid(`${values.join(', ')} as ${name}`, String(value));
  }
}

function invalid(expected: string, given: string): SpanledgerError {
  return new SpanledgerError('ARGUMENT_INVALID', { details: { call: 'ledger.log', expected, given } });
}
