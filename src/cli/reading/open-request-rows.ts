import type { LedgerReader } from './ledger-reader.ts';
import { describeOpenWork } from './open-work.ts';
import type { RunningRow } from './rows.ts';

/** What a request that is still being served must match. Missing fields match everything. */
export interface OpenRequestFilter {
  readonly service?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly sessionId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  readonly minMillis?: number | undefined;
}

/** A request that has no answer yet. */
export interface OpenRequestRow {
  readonly started_at: Date;
  readonly service_name: string | null;
  readonly method: string;
  readonly endpoint: string;
  readonly running_ms: number;
  readonly verdict: string;
  /** The verdict in a sentence. */
  readonly verdict_reason: string;
  readonly instance_id: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly session_id: string | null;
  readonly trace_id: string;
  readonly span_id: string;
}

/** More are never served at once by what this is asked of. */
const most = 100_000;

/** Requests that are being served, the oldest first: services tell of one that takes longer than a second. */
export async function readOpenRequests(
  reader: LedgerReader,
  filter: OpenRequestFilter,
  last: number,
): Promise<readonly OpenRequestRow[]> {
  const { service, sessionId } = filter;
  const rows = await reader.running({ units: ['request'], service, sessionId }, most);
  return rows
    .map(toOpenRequest)
    .filter((row) => matches(row, filter))
    .slice(0, last);
}

function toOpenRequest(row: RunningRow): OpenRequestRow {
  const { started_at, service_name, instance_id, host, pid, session_id, trace_id, span_id } = row;
  const [method = '', ...rest] = row.step_name.split(' ');
  const { verdict, reason } = describeOpenWork(row);
  return {
    ...{ started_at, service_name, method, endpoint: rest.join(' '), running_ms: row.running_seconds * 1000 },
    ...{ verdict, verdict_reason: reason, instance_id, host, pid, session_id, trace_id, span_id },
  };
}

function matches(row: OpenRequestRow, { method, path, traceId, minMillis }: OpenRequestFilter): boolean {
  return (
    (method === undefined || row.method === method) &&
    (path === undefined || row.endpoint === path) &&
    (traceId === undefined || row.trace_id === traceId) &&
    (minMillis === undefined || row.running_ms >= minMillis)
  );
}
