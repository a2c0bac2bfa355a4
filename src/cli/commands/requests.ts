import { SpanledgerError } from '../../domain/errors.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Options, Run } from '../invocation.ts';
import type { LedgerReader } from '../reading/ledger-reader.ts';
import { withLedger } from '../reading/open-ledger.ts';
import { readOpenRequests } from '../reading/open-request-rows.ts';
import type { RequestFilter } from '../reading/request-filter.ts';
import type { RequestLogs } from '../reading/request-logs.ts';
import type { RequestPage } from '../reading/requests.ts';
import type { RequestRow, TimeFigures } from '../reading/rows.ts';
import { createGrowingListing, type ListingColumn, renderListing } from '../rendering/listing.ts';
import {
  loggedRequestColumns,
  openRequestColumns,
  requestColumns,
  routeColumns,
  timeColumns,
} from '../rendering/request-columns.ts';
import { jsonLine } from '../visible.ts';

const defaultLast = 20;

/** `spanledger requests` */
export const run: Run = async (invocation) => {
  const { options } = invocation;
  assertOneView(invocation);
  const filter = filterOf(invocation);
  if (options.flag('follow')) return follow(invocation, filter);
  return withLedger(invocation, async (reader) => {
    await show(invocation, reader, filter);
    return exitCode.ok;
  });
};

async function show(invocation: Invocation, reader: LedgerReader, filter: RequestFilter): Promise<void> {
  const { options } = invocation;
  const last = options.count('last') ?? defaultLast;
  const everySeconds = options.count('every');
  if (options.flag('open')) {
    await print(invocation, openRequestColumns, await readOpenRequests(reader, filter, last));
  } else if (options.flag('byRoute')) await print(invocation, routeColumns, await reader.routes(filter, last));
  else if (everySeconds !== undefined) {
    const times = await reader.requestTimes(filter, { everySeconds, last: last + 1 });
    await printTimes(invocation, times, last);
  } else await printRequests(invocation, reader, await reader.requests(filter, pageOf(options)));
}

async function printRequests(invocation: Invocation, reader: LedgerReader, rows: readonly RequestRow[]): Promise<void> {
  if (!invocation.options.flag('logs')) return print(invocation, requestColumns, rows);
  const logs = await reader.requestLogs(rows);
  const logged = rows.map((row, index) => ({ ...row, ...(logs[index] ?? nothingLogged) }));
  await print(invocation, loggedRequestColumns, logged);
}

const nothingLogged: RequestLogs = { logs: 0, errors: 0, first_error: null };

async function follow(invocation: Invocation, filter: RequestFilter): Promise<typeof exitCode.ok> {
  const { options, terminal } = invocation;
  const [{ followRows }, { requestFeed }] = await Promise.all([
    import('../reading/follow-rows.ts'),
    import('../reading/request-feed.ts'),
  ]);
  const render = createGrowingListing(terminal, requestColumns);
  const printRows = async (rows: readonly RequestRow[]) => {
    if (options.flag('json')) for (const row of rows) await terminal.line(jsonLine(row));
    else if (rows.length > 0) await terminal.line(render(rows));
  };
  await followRows(invocation, requestFeed(filter, pageOf(options), printRows));
  return exitCode.ok;
}

function pageOf(options: Options): RequestPage {
  const last = options.count('last') ?? defaultLast;
  return { last, withBodies: options.flag('json'), slowest: options.flag('slowest') };
}

async function printTimes(invocation: Invocation, times: readonly TimeFigures[], last: number): Promise<void> {
  await print(invocation, timeColumns, times.slice(-last));
  if (times.length > last) invocation.terminal.note('note: there are earlier times; --last shows more of them.');
}

async function print<Row extends object>(
  { options, terminal }: Invocation,
  columns: readonly ListingColumn<Row>[],
  rows: readonly Row[],
): Promise<void> {
  if (options.flag('json')) for (const row of rows) await terminal.line(jsonLine(row));
  else if (rows.length === 0) await terminal.line('No requests match.');
  else await terminal.line(renderListing(terminal, columns, rows));
}

/** Views of which a call has at most one, by the name of their option. */
const views = { follow: '--follow', open: '--open', byRoute: '--by-route', every: '--every', slowest: '--slowest' };

/** What is asked of the end of a request, or of what is known only then. */
const ofEnded = {
  failed: '--failed',
  status: '--status',
  route: '--route',
  reason: '--reason',
  userId: '--user-id',
  correlationId: '--correlation-id',
  requestId: '--request-id',
  direction: '--direction',
  since: '--since',
  until: '--until',
};

function assertOneView({ options, command }: Invocation): void {
  const given = (names: Readonly<Record<string, string>>) =>
    Object.entries(names).flatMap(([name, flag]) => (isGiven(options, name) ? [flag] : []));
  const [first, second] = given(views);
  if (second !== undefined) throw usage(command, `${first} and ${second} are two views of requests`);
  const [unknown] = first === '--open' ? given(ofEnded) : [];
  if (unknown !== undefined) throw usage(command, `${unknown} asks for what is not known of a request with --open`);
  if (first !== undefined && first !== '--slowest' && options.flag('logs')) {
    throw usage(command, `${first} shows requests without their logs`);
  }
  if (first === '--follow' && isGiven(options, 'until')) {
    throw usage(command, '--follow goes on, so that there is nothing to --until');
  }
}

function isGiven(options: Options, name: string): boolean {
  const values = [options.text(name), options.count(name), options.moment(name)];
  return options.flag(name) || values.some((value) => value !== undefined);
}

function usage(command: string, why: string): SpanledgerError {
  return new SpanledgerError('USAGE', { details: { why, command } });
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
    requestId: options.text('requestId'),
    traceId: options.text('traceId'),
    status: statusOf(options.text('status'), command),
    onlyFailed: options.flag('failed'),
    reason: options.text('reason'),
    minMillis: options.count('minMs'),
    since: options.moment('since'),
    until: options.moment('until'),
  };
}

const directions: Readonly<Record<string, string>> = { in: 'inbound', out: 'outbound' };

/** `404`, or `4xx` for all from 400 to 499. */
function statusOf(given: string | undefined, command: string): readonly [number, number] | undefined {
  if (given === undefined) return undefined;
  const [, hundreds, rest = ''] = /^([1-5])(xx|\d\d)$/i.exec(given) ?? [];
  if (hundreds === undefined) {
    throw usage(command, `--status is ${given}, which is neither a status such as 404 nor a class such as 5xx`);
  }
  const first = Number(hundreds) * 100;
  return /xx/i.test(rest) ? [first, first + 99] : [first + Number(rest), first + Number(rest)];
}
