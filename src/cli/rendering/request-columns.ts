import type { OpenRequestRow } from '../reading/open-request-rows.ts';
import type { RequestLogs } from '../reading/request-logs.ts';
import type { RequestFigures, RequestRow, RouteFigures, TimeFigures } from '../reading/rows.ts';
import type { Style, Terminal } from '../terminal.ts';
import type { ListingColumn } from './listing.ts';
import { duration, isoTime, percent, rate } from './quantities.ts';
import { verdictStyles } from './running-page.ts';

/** Columns of requests, one by one. */
export const requestColumns: readonly ListingColumn<RequestRow>[] = [
  { title: 'TIME', text: (row) => isoTime(row.created_at) },
  { title: 'SERVICE', spare: 3, text: (row) => row.service_name ?? '-' },
  { title: 'WAY', spare: 2, text: (row) => wayOf(row.direction) },
  { title: 'METHOD', text: (row) => row.method },
  { title: 'PATH', text: (row) => row.endpoint, paint: (_row, terminal, text) => terminal.style('bold', text) },
  { title: 'STATUS', text: (row) => String(row.response_status ?? 'none'), paint: paintStatus },
  { title: 'TOOK', align: 'right', text: (row) => tookText(row.duration_ms) },
  { title: 'USER', spare: 4, text: (row) => row.user_id ?? '-' },
  { title: 'TRACE', spare: 1, text: (row) => row.trace_id },
  { title: 'REASON', text: (row) => row.reason ?? '' },
];

/** The same with what was recorded meanwhile. */
export const loggedRequestColumns: readonly ListingColumn<RequestRow & RequestLogs>[] = [
  ...requestColumns,
  { title: 'LOGS', align: 'right', spare: 5, text: (row) => String(row.logs) },
  { title: 'ERROR', text: (row) => row.first_error ?? '' },
];

/** Columns of requests that are being served. */
export const openRequestColumns: readonly ListingColumn<OpenRequestRow>[] = [
  { title: 'SINCE', text: (row) => isoTime(row.started_at) },
  { title: 'SERVICE', spare: 2, text: (row) => row.service_name ?? '-' },
  { title: 'METHOD', text: (row) => row.method },
  { title: 'PATH', text: (row) => row.endpoint, paint: (_row, terminal, text) => terminal.style('bold', text) },
  { title: 'RUNNING', align: 'right', text: (row) => duration(row.running_ms) },
  {
    title: 'VERDICT',
    text: (row) => row.verdict,
    paint: (row, terminal, text) => terminal.style(verdictStyles[row.verdict] ?? 'yellow', text),
  },
  { title: 'HOST', spare: 3, text: (row) => row.host ?? '-' },
  { title: 'PID', spare: 4, align: 'right', text: (row) => String(row.pid ?? '-') },
  { title: 'TRACE', spare: 1, text: (row) => row.trace_id },
];

/** What is counted, in both views of figures. */
const figureColumns: readonly ListingColumn<RequestFigures>[] = [
  { title: 'COUNT', align: 'right', text: (row) => String(row.count) },
  { title: 'RATE', align: 'right', spare: 3, text: (row) => (row.per_second === null ? '-' : rate(row.per_second)) },
  { title: 'FAILED', align: 'right', text: (row) => String(row.failed), paint: paintFailed },
  { title: 'ERRORS', align: 'right', text: (row) => percent(row.failed_ratio), paint: paintFailed },
  { title: '4XX', align: 'right', spare: 4, text: (row) => String(row.rejected) },
  { title: 'MEDIAN', align: 'right', text: (row) => tookText(row.median_ms) },
  { title: 'P95', align: 'right', text: (row) => tookText(row.p95_ms) },
  { title: 'P99', align: 'right', text: (row) => tookText(row.p99_ms) },
  { title: 'MAX', align: 'right', spare: 5, text: (row) => tookText(row.max_ms) },
];

/** Columns of requests by route. */
export const routeColumns: readonly ListingColumn<RouteFigures>[] = [
  { title: 'WAY', spare: 1, text: (row) => wayOf(row.direction) },
  { title: 'METHOD', text: (row) => row.method },
  { title: 'ROUTE', text: (row) => row.route, paint: (_row, terminal, text) => terminal.style('bold', text) },
  ...figureColumns,
  { title: 'TOTAL', align: 'right', spare: 2, text: (row) => tookText(row.total_ms) },
  { title: 'LAST', spare: 6, text: (row) => isoTime(row.last_at) },
];

/** Columns of requests by time. */
export const timeColumns: readonly ListingColumn<TimeFigures>[] = [
  { title: 'TIME', text: (row) => isoTime(row.from_at).replace(/\.\d+/, '') },
  ...figureColumns,
];

function wayOf(direction: string): string {
  return direction === 'outbound' ? 'out' : 'in';
}

function tookText(millis: number | null): string {
  return millis === null ? '-' : duration(millis);
}

function paintFailed(row: RequestFigures, terminal: Terminal, text: string): string {
  return row.failed > 0 ? terminal.style('red', text) : text;
}

function paintStatus({ response_status: status, reason }: RequestRow, terminal: Terminal, text: string): string {
  const style: Style = status === null || status >= 500 || reason !== null ? 'red' : status >= 400 ? 'yellow' : 'green';
  return terminal.style(style, text);
}
