import { describe, expect, it } from 'vitest';
import type { EventRecord, RequestRecord, UnitEndRecord, UnitStartRecord } from '../../src/projection/record.ts';
import { rowsOf } from '../../src/projection/rows.ts';
import { tables } from '../../src/projection/tables.ts';
import { owner, spanId, start, traceId } from './sources.ts';

const identity = {
  traceId,
  spanId,
  unit: 'item',
  taskName: 'local',
  stepName: 'import.item',
  sessionId: 's',
  itemId: 'i',
} as const;
const startRecord: UnitStartRecord = { type: 'start', at: start, version: start, ...identity, order: 3, input: '{}' };
const endRecord: UnitEndRecord = {
  type: 'end',
  at: start + 1_500,
  startAt: start,
  version: start + 1_501,
  status: 'FAILED',
  ...identity,
  order: 3,
  attempt: 2,
  errorMessage: 'boom',
  stack: 'at x',
  output: '1',
  done: 4,
  total: 9,
};
const eventOf = (overrides: Partial<EventRecord>): EventRecord => ({
  type: 'event',
  at: start,
  traceId,
  spanId,
  sessionId: 's',
  level: 'info',
  category: 'c',
  event: 'e',
  message: 'm',
  ...overrides,
});
const requestRecord: RequestRecord = {
  type: 'request',
  at: start,
  traceId,
  spanId,
  direction: 'inbound',
  method: 'GET',
  endpoint: '/a',
  durationMillis: 2,
  service: 'other',
};
const counts = { total: 3, pending: 1, processing: 0, imported: 1, skipped: 0, failed: 1, missing: 1 };

const all = [
  startRecord,
  endRecord,
  requestRecord,
  eventOf({
    unit: 'session',
    event: 'import.session.transition',
    toState: 'imported',
    fromState: 'importing',
    counts,
    done: 3,
    total: 3,
    actions: ['a'],
  }),
  eventOf({ unit: 'item', itemId: 'i', event: 'import.item.transition', toState: 'moving', fromState: 'checking' }),
];

describe('rows', () => {
  it('have columns of their table only, and the whole key of an upserted one', () => {
    for (const { table, values } of all.flatMap((record) => rowsOf(record, owner))) {
      const names = tables[table].columns.map((column) => column.name);
      expect(Object.keys(values).filter((name) => !names.includes(name))).toEqual([]);
      for (const key of tables[table].key) expect(values[key]).toBeTypeOf('string');
    }
  });
});

describe('a start and an end', () => {
  it('make a row of task_progress each', () => {
    const [started] = rowsOf(startRecord, owner);
    expect(started).toMatchObject({
      table: 'task_progress',
      values: {
        status: 'START',
        created_at: start,
        attempt: 1,
        execution_order: 3,
        instance_id: 'run-1',
        service_name: 'importer',
      },
    });
    const [ended] = rowsOf(endRecord, owner);
    expect(ended?.values).toMatchObject({
      status: 'FAILED',
      created_at: start,
      updated_at: start + 1_500,
      ended_at: start + 1_500,
      duration_ms: 1.5,
      error_message: 'boom',
      stack_trace: 'at x',
      output_data: '1',
      done: 4,
      total: 9,
      version: start + 1_501,
      attempt: 2,
    });
  });
});

describe('an event', () => {
  it('makes a row of audit_log', () => {
    const rows = rowsOf(eventOf({ details: '{"a":1}', actions: ['do "this"'], reason: 'r' }), owner);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      table: 'audit_log',
      values: {
        created_at: start,
        trace_id: traceId,
        details: '{"a":1}',
        recommended_actions: '["do \\"this\\""]',
        reason: 'r',
        service_name: 'importer',
      },
    });
  });

  it('of a session that moves makes a row of import_sessions; an end of it ends the row, a retry opens it again', () => {
    const move = (fromState: string, toState: string) =>
      rowsOf(
        eventOf({
          unit: 'session',
          event: 'import.session.transition',
          fromState,
          toState,
          version: 7,
          reason: 'r',
          attempt: 2,
          kind: 'k',
          accountId: 'a',
        }),
        owner,
      )[1];
    expect(move('importing', 'failed')).toEqual({
      table: 'import_sessions',
      values: {
        id: 's',
        kind: 'k',
        account_id: 'a',
        state: 'failed',
        reason: 'r',
        attempt: 2,
        ended_at: start,
        service_name: 'importer',
        instance_id: 'run-1',
        trace_id: traceId,
        last_progress_at: start,
        version: 7,
      },
    });
    expect(move('failed', 'processing')?.values.ended_at).toBeNull();
  });

  it('that opens a session starts its row, also without a state', () => {
    const rows = rowsOf(eventOf({ unit: 'session', event: 'import.session.start' }), owner);
    expect(rows[1]?.values).toMatchObject({ id: 's', started_at: start, version: start });
    expect(rows[1]?.values).not.toHaveProperty('state');
  });

  it('with counts brings them to the row of the session', () => {
    const rows = rowsOf(eventOf({ unit: 'session', event: 'import.session.progress', counts }), owner);
    expect(rows[1]?.values).toMatchObject(counts);
    expect(rows[1]?.values).not.toHaveProperty('ended_at');
  });

  it('of an item that moves makes a row of import_items', () => {
    const move = (fromState: string | undefined, toState: string) =>
      rowsOf(
        eventOf({
          unit: 'item',
          itemId: 'i',
          event: 'import.item.transition',
          toState,
          ...(fromState !== undefined && { fromState }),
        }),
        owner,
      )[1]?.values;
    expect(move('pending', 'analyzing')).toMatchObject({
      session_id: 's',
      id: 'i',
      state: 'analyzing',
      started_at: start,
      ended_at: null,
      span_id: spanId,
    });
    expect(move('analyzing', 'checking')).toMatchObject({ state: 'checking', ended_at: null });
    expect(move('analyzing', 'checking')?.started_at).toBeUndefined();
    expect(move('updating', 'imported')).toMatchObject({ ended_at: start });
    expect(move('failed', 'analyzing')).toMatchObject({ started_at: start, ended_at: null });
    expect(move('warning', 'imported')?.started_at).toBeUndefined();
    expect(move(undefined, 'missing')).toMatchObject({ started_at: start, ended_at: start });
  });

  it('that only tells of a state moves none', () => {
    const told = [
      eventOf({ unit: 'item', itemId: 'i', event: 'audit', toState: 'imported' }),
      eventOf({ unit: 'item', itemId: 'i', event: 'import.item.transition', toState: 'flying' }),
      eventOf({ unit: 'session', event: 'import.item.transition', toState: 'imported' }),
      eventOf({ unit: 'item', event: 'import.item.transition', toState: 'imported' }),
      eventOf({ unit: 'step', event: 'import.item.transition', itemId: 'i', toState: 'imported' }),
    ];
    expect(told.flatMap((record) => rowsOf(record, owner)).map((row) => row.table)).toEqual(
      told.map(() => 'audit_log'),
    );
  });

  it('with progress moves the row of its unit', () => {
    const rows = rowsOf(eventOf({ unit: 'step', event: 'task.step.progress', done: 5, total: 9, version: 8 }), owner);
    expect(rows[1]).toMatchObject({
      table: 'task_progress',
      values: {
        trace_id: traceId,
        span_id: spanId,
        status: 'IN_PROGRESS',
        done: 5,
        total: 9,
        last_event: 'task.step.progress',
        updated_at: start,
        version: 8,
      },
    });
    expect(rowsOf(eventOf({ done: 5 }), owner)).toHaveLength(1);
  });
});

describe('a request', () => {
  it('makes a row of api_logs under its own service', () => {
    expect(rowsOf(requestRecord, owner)).toMatchObject([
      {
        table: 'api_logs',
        values: { service_name: 'other', method: 'GET', endpoint: '/a', duration_ms: 2, direction: 'inbound' },
      },
    ]);
  });
});
