/**
 * The tables as data: columns in order, with their Postgres types. Migrations, COPY encoding, CSV files and the
 * reference page are held against this list by tests.
 */

/** Value of a cell: timestamptz as microseconds since the epoch, uuid as 32 hex digits, jsonb as JSON text. */
export type Cell = string | number | boolean | null;

export type ColumnType = 'text' | 'uuid' | 'bigint' | 'integer' | 'double precision' | 'jsonb' | 'timestamptz';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly brief: string;
}

export interface Table<Name extends string = TableName> {
  readonly name: Name;
  /** Columns a writer fills, in order. The identity column `id` of append-only tables is not among them. */
  readonly columns: readonly Column[];
  /** Key of an upserted table; empty for append-only tables. */
  readonly key: readonly string[];
}

export type TableName = 'audit_log' | 'api_logs' | 'task_progress' | 'import_sessions' | 'import_items';

/** Tables that are archived, and loaded from archives: those that records become rows of, and the processes that made these. */
export type ArchivedTableName = TableName | 'instances';

/** A row on its way to a table. Missing columns are null. */
export interface Row<Name extends string = TableName> {
  readonly table: Name;
  readonly values: Readonly<Record<string, Cell | undefined>>;
}

const column = (name: string, type: ColumnType, brief: string): Column => ({ name, type, brief });

export const tables: Readonly<Record<TableName, Table>> = {
  audit_log: {
    name: 'audit_log',
    key: [],
    columns: [
      column('created_at', 'timestamptz', 'When it happened.'),
      column('level', 'text', 'debug, info, warning, error or critical.'),
      column('category', 'text', 'Audit category.'),
      column('event', 'text', 'Event name, such as import.file.saved.'),
      column('message', 'text', 'The event in a sentence.'),
      column('service_name', 'text', 'Service that wrote it.'),
      column('session_id', 'text', 'Session.'),
      column('item_id', 'text', 'Item.'),
      column('correlation_id', 'text', 'Correlation id.'),
      column('request_id', 'text', 'Request id of the host.'),
      column('task_id', 'text', 'Id a task queue gave the run.'),
      column('user_id', 'text', 'User.'),
      column('trace_id', 'uuid', "W3C trace id; the hex form is replace(trace_id::text, '-', '')."),
      column('span_id', 'text', 'Span id, 16 hex digits.'),
      column('seq', 'integer', 'Order within the unit.'),
      column('from_state', 'text', 'State before a transition.'),
      column('to_state', 'text', 'State after a transition.'),
      column('reason', 'text', 'Why.'),
      column('duration_ms', 'double precision', 'Duration in milliseconds.'),
      column('details', 'jsonb', 'Free details.'),
      column('error_type', 'text', 'Class or code of the error.'),
      column('error_message', 'text', 'Message of the error.'),
      column('stack_trace', 'text', 'Stack of the error.'),
      column('recommended_actions', 'jsonb', 'What to do, a list of sentences.'),
    ],
  },
  api_logs: {
    name: 'api_logs',
    key: [],
    columns: [
      column('created_at', 'timestamptz', 'When the request was received.'),
      column('trace_id', 'uuid', 'W3C trace id.'),
      column('span_id', 'text', 'Span id, 16 hex digits.'),
      column('service_name', 'text', 'Service that wrote it.'),
      column('direction', 'text', 'inbound or outbound.'),
      column('method', 'text', 'HTTP method.'),
      column('endpoint', 'text', 'Path, without the query string.'),
      column('route', 'text', 'Route template.'),
      column('request_header', 'jsonb', 'Headers by allow-list.'),
      column('request_body', 'jsonb', 'Body of the request, redacted and capped.'),
      column('response_status', 'integer', 'HTTP status; null where none was sent, or none arrived.'),
      column('response_body', 'jsonb', 'Body of the response, redacted and capped.'),
      column('duration_ms', 'double precision', 'Duration in milliseconds.'),
      column('ip_address', 'text', 'Address of the client.'),
      column('user_id', 'text', 'User.'),
      column('correlation_id', 'text', 'Correlation id.'),
      column('session_id', 'text', 'Session the request caused or belongs to.'),
      column('request_id', 'text', 'Request id of the host.'),
      column(
        'reason',
        'text',
        'Why the request did not end as it should: an error, an abort, a time-out, the end of the process.',
      ),
    ],
  },
  task_progress: {
    name: 'task_progress',
    key: ['trace_id', 'span_id'],
    columns: [
      column('trace_id', 'uuid', 'W3C trace id.'),
      column('span_id', 'text', 'Span id, 16 hex digits.'),
      column('parent_span_id', 'text', 'Span id of the unit around it.'),
      column('service_name', 'text', 'Service that wrote it.'),
      column('session_id', 'text', 'Session.'),
      column('item_id', 'text', 'Item.'),
      column(
        'unit',
        'text',
        'session, item, step, task, batch or chunk; request, where one takes longer than a second.',
      ),
      column('task_name', 'text', 'Task.'),
      column('step_name', 'text', 'Step.'),
      column('status', 'text', 'START, IN_PROGRESS, SUCCESS or FAILED.'),
      column('execution_order', 'integer', 'Position among its siblings, from 0.'),
      column('attempt', 'integer', 'Attempt, from 1.'),
      column('done', 'bigint', 'Units done.'),
      column('total', 'bigint', 'Units in all.'),
      column('last_event', 'text', 'Name of the last event.'),
      column('input_data', 'jsonb', 'Input.'),
      column('output_data', 'jsonb', 'Result.'),
      column('error_message', 'text', 'Message of the error.'),
      column('stack_trace', 'text', 'Stack of the error.'),
      column('created_at', 'timestamptz', 'Start of the unit.'),
      column('updated_at', 'timestamptz', 'Last sign of progress.'),
      column('ended_at', 'timestamptz', 'End of the unit; null while it runs.'),
      column('duration_ms', 'double precision', 'Duration in milliseconds.'),
      column('version', 'bigint', 'Moves forward only.'),
      column('instance_id', 'text', 'Process run that does the work.'),
      column('correlation_id', 'text', 'Correlation id.'),
      column('user_id', 'text', 'User.'),
      column(
        'waiting_until',
        'timestamptz',
        'It waits until then, as it said; over where this is not later than updated_at.',
      ),
      column('wait_reason', 'text', 'What it waits for.'),
      column(
        'expectation',
        'jsonb',
        'What was said of its duration: expected_ms with its source and parts, limit_ms, stuck_after_ms.',
      ),
    ],
  },
  import_sessions: {
    name: 'import_sessions',
    key: ['id'],
    columns: [
      column('id', 'text', 'Session id.'),
      column('kind', 'text', 'Kind of session.'),
      column('account_id', 'text', 'Account.'),
      column('state', 'text', 'State, see the state diagram.'),
      column('reason', 'text', 'Reason of the last transition.'),
      column('attempt', 'integer', 'Run of the session, from 1.'),
      column('total', 'bigint', 'Items.'),
      column('pending', 'bigint', 'Items not started.'),
      column('processing', 'bigint', 'Items in work.'),
      column('imported', 'bigint', 'Items that ended in success.'),
      column('skipped', 'bigint', 'Items skipped.'),
      column('failed', 'bigint', 'Items failed, missing included.'),
      column('missing', 'bigint', 'Items missing.'),
      column('service_name', 'text', 'Service.'),
      column('instance_id', 'text', 'Process run that owns the session.'),
      column('trace_id', 'uuid', 'Trace of the last run.'),
      column('started_at', 'timestamptz', 'Start of the last run.'),
      column('last_progress_at', 'timestamptz', 'Last transition or progress.'),
      column('ended_at', 'timestamptz', 'End; null while it runs.'),
      column('version', 'bigint', 'Moves forward only.'),
    ],
  },
  import_items: {
    name: 'import_items',
    key: ['session_id', 'id'],
    columns: [
      column('session_id', 'text', 'Session id.'),
      column('id', 'text', 'Item id within the session.'),
      column('state', 'text', 'State, see the state diagram.'),
      column('reason', 'text', 'Reason of the last transition.'),
      column('attempt', 'integer', 'Attempt, from 1.'),
      column('service_name', 'text', 'Service.'),
      column('instance_id', 'text', 'Process run that holds the item.'),
      column('trace_id', 'uuid', 'Trace of the last attempt.'),
      column('span_id', 'text', 'Span of the last attempt.'),
      column('started_at', 'timestamptz', 'Start of the last attempt.'),
      column('last_progress_at', 'timestamptz', 'Last transition.'),
      column('ended_at', 'timestamptz', 'End; null while it runs.'),
      column('version', 'bigint', 'Moves forward only.'),
    ],
  },
};

/** Tables by name, with that of the processes, which no record becomes a row of: their signs of life do. */
export const archivedTables: Readonly<Record<ArchivedTableName, Table<ArchivedTableName>>> = {
  ...tables,
  instances: {
    name: 'instances',
    key: ['instance_id'],
    columns: [
      column('instance_id', 'text', 'Run of a process.'),
      column('service_name', 'text', 'Service.'),
      column('host', 'text', 'Machine.'),
      column('pid', 'integer', 'Process id.'),
      column('started_at', 'timestamptz', 'Start of the process.'),
      column('last_seen_at', 'timestamptz', 'Last sign of life.'),
      column('ended_at', 'timestamptz', 'End of the process; null while it runs, or where nobody saw it end.'),
      column('exit_code', 'integer', 'Exit code, where somebody saw it.'),
      column('exit_signal', 'text', 'Signal that ended it, where somebody saw it.'),
      column('exit_evidence', 'jsonb', 'What else is known of its end.'),
      column('event_loop_lag_ms', 'double precision', 'Delay of the event loop at the last sign of life.'),
      column('rss_bytes', 'bigint', 'Memory at the last sign of life.'),
      column('cpu_ratio', 'double precision', 'Processor time per second of the clock; above 1 with several threads.'),
      column('journal_bytes', 'bigint', 'Bytes in its journal that were not shipped.'),
      column(
        'event_loop_delay_p99_ms',
        'double precision',
        'Delay of the event loop over the last seconds, 99th percentile.',
      ),
      column(
        'blocked_since',
        'timestamptz',
        'The main thread has not come back to its event loop since then; null while it does.',
      ),
      column('blocked_stack', 'jsonb', 'Where it is blocked, innermost frame first: function, file, line and column.'),
      column('blocked_in', 'jsonb', 'The unit of work that runs there.'),
      column(
        'pending_call',
        'jsonb',
        'The oldest call without an answer: its kind, its shape without values, and its start.',
      ),
      column('heap_used_bytes', 'bigint', 'JavaScript heap in use at the last sign of life.'),
      column('worker_threads', 'integer', 'Worker threads that the program itself has started.'),
      column(
        'service_version',
        'text',
        'Version of the program: `service.version` of its resource, else that of its `package.json`.',
      ),
      column(
        'service_revision',
        'text',
        'Commit that the program was taken from: `vcs.ref.head.revision` of its resource, else what its platform or its checkout tells.',
      ),
      column(
        'blocked_call',
        'jsonb',
        'Where no stack can be taken: the call of the operating system that it waits in, with the file descriptor and what that is.',
      ),
    ],
  },
};
