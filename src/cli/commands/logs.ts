import { lifecycleEvents } from '../../telemetry/conventions.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Options, Run } from '../invocation.ts';
import type { EventFilter, LedgerReader } from '../reading/ledger-reader.ts';
import { withLedger } from '../reading/open-ledger.ts';
import type { EventRow } from '../reading/rows.ts';
import { eventJson, eventLine } from '../rendering/event-text.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine } from '../visible.ts';

/** `spanledger logs` */
export const run: Run = async (invocation) => {
  const { options } = invocation;
  const filter = filterOf(options);
  if (options.flag('follow')) return followLogs(invocation, filter);
  return withLedger(invocation, async (reader) => {
    const rows = await reader.events(filter, options.count('last') ?? 20);
    await printEvents(invocation, rows);
    if (rows.length === 0) await tellNothingFound(invocation, reader, filter);
    return exitCode.ok;
  });
};

async function followLogs(invocation: Invocation, filter: EventFilter): Promise<typeof exitCode.ok> {
  const [{ followRows }, { eventFeed }] = await Promise.all([
    import('../reading/follow-rows.ts'),
    import('../reading/event-feed.ts'),
  ]);
  const last = invocation.options.count('last') ?? 20;
  await followRows(
    invocation,
    eventFeed(filter, last, (rows) => printEvents(invocation, rows)),
  );
  return exitCode.ok;
}

/** The default view is the lifecycle events; choosing an event, a category or a level replaces it. */
function filterOf(options: Options): EventFilter {
  const event = options.text('event');
  const category = options.text('category');
  const level = options.text('level');
  const whole = options.flag('all') || category !== undefined || level !== undefined;
  return {
    sessionId: options.text('sessionId'),
    itemId: options.text('itemId'),
    traceId: options.text('traceId'),
    correlationId: options.text('correlationId'),
    jobId: options.text('jobId'),
    levels: level === undefined ? undefined : [level],
    events: event !== undefined ? [event] : whole ? undefined : lifecycleEvents,
    category,
    since: options.moment('since'),
  };
}

async function printEvents({ options, terminal }: Invocation, rows: readonly EventRow[]): Promise<void> {
  for (const row of rows) await terminal.line(eventText(options, terminal, row));
}

function eventText(options: Options, terminal: Terminal, row: EventRow): string {
  return options.flag('json') ? jsonLine(eventJson(row)) : eventLine(terminal, row);
}

/** Nothing found is said in so many words, and also when the default view hides what would match. */
async function tellNothingFound(invocation: Invocation, reader: LedgerReader, filter: EventFilter): Promise<void> {
  const { options, terminal } = invocation;
  if (!options.flag('json')) await terminal.line('No records match.');
  if (filter.events !== lifecycleEvents) return;
  const hidden = await reader.events({ ...filter, events: undefined }, 1);
  if (hidden.length > 0) terminal.note('Records of other events match; --all shows them.');
}
