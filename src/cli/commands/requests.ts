import { SpanledgerError } from '../../domain/errors.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { withLedger } from '../reading/open-ledger.ts';
import type { RequestFilter } from '../reading/requests.ts';
import type { RequestRow, RouteFigures } from '../reading/rows.ts';
import { type ListingColumn, renderListing } from '../rendering/listing.ts';
import { duration, isoTime } from '../rendering/quantities.ts';
import type { Style, Terminal } from '../terminal.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger requests` */
export const run: Run = (invocation) =>
  withLedger(invocation, async (reader) => {
    const { options } = invocation;
    const filter = filterOf(invocation);
    const last = options.count('last') ?? 20;
    if (options.flag('byRoute')) await print(invocation, routeColumns, await reader.routes(filter, last));
    else {
      const page = { last, withBodies: options.flag('json') };
      await print(invocation, requestColumns, await reader.requests(filter, page));
    }
    return exitCode.ok;
  });

async function print<Row extends object>(
  { options, terminal }: Invocation,
  columns: readonly ListingColumn<Row>[],
  rows: readonly Row[],
): Promise<void> {
  if (options.flag('json')) for (const row of rows) await terminal.line(jsonLine(row));
  else if (rows.length === 0) await terminal.line('No requests match.');
  else await terminal.line(renderListing(terminal, columns, rows));
}

function filterOf({ options, command }: Invocation): RequestFilter {
  return {
    service: options.text('service'),
    direction: directions[options.text('direction') ?? ''],
    method: options.text('method')?.toUpperCase(),
    route: options.text('route'),
    path: options.text('path'),
    userId: options.text('userId'),
    sessionId: options.text('sessionId'),
    correlationId: options.text('correlationId'),
    traceId: options.text('traceId'),
    status: statusOf(options.text('status'), command),
    onlyFailed: options.flag('failed'),
    minMillis: options.count('minMs'),
    since: options.moment('since'),
  };
}

const directions: Readonly<Record<string, string>> = { in: 'inbound', out: 'outbound' };

/** `404`, or `4xx` for all from 400 to 499. */
function statusOf(given: string | undefined, command: string): readonly [number, number] | undefined {
  if (given === undefined) return undefined;
  const [, hundreds, rest = ''] = /^([1-5])(xx|\d\d)$/i.exec(given) ?? [];
  if (hundreds === undefined) {
    const why = `--status is ${given}, which is neither a status such as 404 nor a class such as 5xx`;
    throw new SpanledgerError('USAGE', { details: { why, command } });
  }
  const first = Number(hundreds) * 100;
  return /xx/i.test(rest) ? [first, first + 99] : [first + Number(rest), first + Number(rest)];
}

const requestColumns: readonly ListingColumn<RequestRow>[] = [
  { title: 'TIME', text: (row) => isoTime(row.created_at) },
  { title: 'SERVICE', text: (row) => row.service_name ?? '-' },
  { title: 'WAY', text: (row) => wayOf(row.direction) },
  { title: 'METHOD', text: (row) => row.method },
  { title: 'PATH', text: (row) => row.endpoint, paint: (_row, terminal, text) => terminal.style('bold', text) },
  { title: 'STATUS', text: (row) => String(row.response_status ?? 'none'), paint: paintStatus },
  { title: 'TOOK', align: 'right', text: (row) => tookText(row.duration_ms) },
  { title: 'USER', text: (row) => row.user_id ?? '-' },
  { title: 'TRACE', text: (row) => row.trace_id },
  { title: 'REASON', text: (row) => row.reason ?? '' },
];

const routeColumns: readonly ListingColumn<RouteFigures>[] = [
  { title: 'WAY', text: (row) => wayOf(row.direction) },
  { title: 'METHOD', text: (row) => row.method },
  { title: 'ROUTE', text: (row) => row.route, paint: (_row, terminal, text) => terminal.style('bold', text) },
  { title: 'COUNT', align: 'right', text: (row) => String(row.count) },
  {
    title: 'FAILED',
    align: 'right',
    text: (row) => String(row.failed),
    paint: (row, terminal, text) => (row.failed > 0 ? terminal.style('red', text) : text),
  },
  { title: '4XX', align: 'right', text: (row) => String(row.rejected) },
  { title: 'MEDIAN', align: 'right', text: (row) => tookText(row.median_ms) },
  { title: 'P95', align: 'right', text: (row) => tookText(row.p95_ms) },
  { title: 'MAX', align: 'right', text: (row) => tookText(row.max_ms) },
  { title: 'TOTAL', align: 'right', text: (row) => tookText(row.total_ms) },
  { title: 'LAST', text: (row) => isoTime(row.last_at) },
];

function wayOf(direction: string): string {
  return direction === 'outbound' ? 'out' : 'in';
}

function tookText(millis: number | null): string {
  return millis === null ? '-' : duration(millis);
}

function paintStatus({ response_status: status, reason }: RequestRow, terminal: Terminal, text: string): string {
  const style: Style = status === null || status >= 500 || reason !== null ? 'red' : status >= 400 ? 'yellow' : 'green';
  return terminal.style(style, text);
}
