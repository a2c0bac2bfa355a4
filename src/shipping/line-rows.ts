import { isFinishedItemState, itemStateNames } from '../domain/item-states.ts';
import { beginsAttempt } from '../projection/state-rows.ts';
import { type TableName, tables } from '../projection/tables.ts';
import type { CopyBuffer } from './copy-buffer.ts';
import {
  absent,
  beginsWith,
  type CellWriter,
  constant,
  firstNumber,
  instance,
  json,
  millisBetween,
  nothing,
  number,
  oneOf,
  type ScannedLine,
  service,
  text,
  unfit,
  uuid,
} from './line-cells.ts';

/** Cells of a row in the order of its table's columns. A column without a writer is not told. */
export type RowPlan = readonly (CellWriter | undefined)[];

function plan(table: TableName, writers: Readonly<Record<string, CellWriter>>): RowPlan {
  return tables[table].columns.map(({ name }) => writers[name]);
}

/** The row plans say in bytes what `rowsOf` says in values; a test holds the two together. */
export const auditPlan = plan('audit_log', {
  created_at: number('at', 'timestamp'),
  level: text('level'),
  category: text('category'),
  event: text('event'),
  message: text('message'),
  service_name: service(),
  session_id: text('sessionId'),
  item_id: text('itemId'),
  correlation_id: text('correlationId'),
  request_id: text('requestId'),
  task_id: text('taskId'),
  user_id: text('userId'),
  trace_id: uuid('traceId'),
  span_id: text('spanId'),
  seq: number('seq', 'integer'),
  from_state: text('fromState'),
  to_state: text('toState'),
  reason: text('reason'),
  duration_ms: number('durationMillis', 'double'),
  details: text('details', 'jsonb'),
  error_type: text('errorType'),
  error_message: text('errorMessage'),
  stack_trace: text('stack'),
  recommended_actions: json('actions'),
});

export const requestPlan = plan('api_logs', {
  created_at: number('at', 'timestamp'),
  trace_id: uuid('traceId'),
  span_id: text('spanId'),
  service_name: service(),
  direction: text('direction'),
  method: text('method'),
  endpoint: text('endpoint'),
  route: text('route'),
  request_header: text('requestHeader', 'jsonb'),
  request_body: text('requestBody', 'jsonb'),
  response_status: number('responseStatus', 'integer'),
  response_body: text('responseBody', 'jsonb'),
  duration_ms: number('durationMillis', 'double'),
  ip_address: text('ipAddress'),
  user_id: text('userId'),
  correlation_id: text('correlationId'),
  session_id: text('sessionId'),
  request_id: text('requestId'),
  reason: text('reason'),
});

const unitWriters = {
  trace_id: uuid('traceId'),
  span_id: text('spanId'),
  parent_span_id: text('parentSpanId'),
  service_name: service(),
  session_id: text('sessionId'),
  item_id: text('itemId'),
  unit: text('unit'),
  task_name: text('taskName'),
  step_name: text('stepName'),
  execution_order: number('order', 'integer', 0),
  attempt: number('attempt', 'integer', 1),
  total: number('total', 'bigint'),
  input_data: text('input', 'jsonb'),
  updated_at: number('at', 'timestamp'),
  version: number('version', 'bigint'),
  instance_id: instance(),
  correlation_id: text('correlationId'),
  user_id: text('userId'),
  expectation: text('expectation', 'jsonb'),
};

export const startPlan = plan('task_progress', {
  ...unitWriters,
  status: constant('START'),
  created_at: number('at', 'timestamp'),
});

export const endPlan = plan('task_progress', {
  ...unitWriters,
  status: text('status'),
  created_at: number('startAt', 'timestamp'),
  done: number('done', 'bigint'),
  output_data: text('output', 'jsonb'),
  error_message: text('errorMessage'),
  stack_trace: text('stack'),
  ended_at: number('at', 'timestamp'),
  duration_ms: millisBetween('startAt', 'at'),
});

const itemWriters = {
  session_id: text('sessionId'),
  id: text('itemId'),
  state: text('toState'),
  reason: text('reason'),
  attempt: number('attempt', 'integer'),
  service_name: service(),
  instance_id: instance(),
  trace_id: uuid('traceId'),
  span_id: text('spanId'),
  last_progress_at: number('at', 'timestamp'),
  version: firstNumber(['version', 'at'], 'bigint'),
};

/** How an event moves the row of an item. */
export interface ItemMove {
  readonly plan: RowPlan;
  readonly begins: boolean;
}

/** What the move of an item's event is, or `undefined` where it moves none. */
export function itemMove(line: ScannedLine): ItemMove | undefined {
  const to = itemState(line, 'toState');
  if (to < 0 || !beginsWith(line, 'event', itemEvents)) return undefined;
  return itemMoves[itemState(line, 'fromState') + 1]?.[to];
}

const itemState = oneOf(itemStateNames);
const itemEvents = Buffer.from('import.item.');

/** By the state before, of which the first is none or none that is known, then by the state after. */
const itemMoves: readonly (readonly ItemMove[])[] = [undefined, ...itemStateNames].map((from) =>
  itemStateNames.map((to) => toMove(beginsAttempt(from, to), isFinishedItemState(to))),
);

function toMove(begins: boolean, ends: boolean): ItemMove {
  const first = begins ? { started_at: number('at', 'timestamp') } : {};
  const last = ends ? number('at', 'timestamp') : nothing;
  return { plan: plan('import_items', { ...itemWriters, ...first, ended_at: last }), begins };
}

/**
 * Writes the cells of a row. Answers which columns it does not tell, one bit for each, or -1 where a value needs more care; what
 * was written then is to be taken back.
 */
export function writeCells(into: CopyBuffer, cells: RowPlan, line: ScannedLine): number {
  let untold = 0;
  for (let column = 0; column < cells.length; column += 1) {
    const write = cells[column];
    if (write === undefined) {
      into.null();
      untold |= 1 << column;
      continue;
    }
    const outcome = write(into, line);
    if (outcome === unfit) return -1;
    if (outcome === absent) untold |= 1 << column;
  }
  return untold;
}
