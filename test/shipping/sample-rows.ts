import type { JournalOwner } from '../../src/projection/record.ts';
import type { Cell, Row } from '../../src/projection/tables.ts';
import type { Shipment } from '../../src/shipping/store.ts';

/** 2025-11-22 12:00:00 UTC in microseconds: the moment at which the tests take place. */
export const noon = Date.UTC(2025, 10, 22, 12) * 1000;

export const traceId = '0af7651916cd43dd8448eb211c80319c';

export function sampleOwner(instanceId = 'instance-1'): JournalOwner {
  const code = { version: '1.4.0', revision: '0a1b2c3d4e5f' };
  return { instanceId, service: 'importer', host: 'host-1', pid: 4711, startedAt: noon - 60_000_000, ...code };
}

type Values = Readonly<Record<string, Cell | undefined>>;

export function auditRow(values: Values = {}): Row {
  return {
    table: 'audit_log',
    values: {
      created_at: noon,
      level: 'info',
      category: 'state_transition',
      event: 'import.item.transition',
      message: 'Item moved.',
      service_name: 'importer',
      trace_id: traceId,
      ...values,
    },
  };
}

export function apiRow(values: Values = {}): Row {
  return {
    table: 'api_logs',
    values: {
      created_at: noon,
      trace_id: traceId,
      service_name: 'importer',
      direction: 'inbound',
      method: 'GET',
      endpoint: '/imports/7',
      response_status: 200,
      duration_ms: 1.5,
      ...values,
    },
  };
}

export function progressRow(values: Values = {}): Row {
  return {
    table: 'task_progress',
    values: {
      trace_id: traceId,
      span_id: 'b7ad6b7169203331',
      service_name: 'importer',
      unit: 'step',
      task_name: 'import',
      step_name: 'analyze',
      status: 'START',
      execution_order: 0,
      attempt: 1,
      created_at: noon,
      updated_at: noon,
      version: noon,
      instance_id: 'instance-1',
      ...values,
    },
  };
}

export function sessionRow(values: Values = {}): Row {
  return {
    table: 'import_sessions',
    values: {
      id: 'local-7',
      service_name: 'importer',
      trace_id: traceId,
      last_progress_at: noon,
      version: noon,
      ...values,
    },
  };
}

export function itemRow(values: Values = {}): Row {
  return {
    table: 'import_items',
    values: {
      session_id: 'local-7',
      id: 'a.jpg',
      state: 'analyzing',
      service_name: 'importer',
      last_progress_at: noon,
      version: noon,
      ...values,
    },
  };
}

export function shipment(rows: readonly Row[], changes: Partial<Shipment> = {}): Shipment {
  return { owner: sampleOwner(), segment: '00000001', from: 0, to: 100, rows, records: rows.length, ...changes };
}
