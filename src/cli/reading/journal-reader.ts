import type { Row, TableName } from '../../projection/tables.ts';
import { text, toEventRow, toSessionRow, toUnitRow, type Values } from './cells.ts';
import { journalStatistics } from './journal-statistics.ts';
import { groupErrors, groupSteps, newestTaskRuns, summarizeSteps } from './journal-summaries.ts';
import type { EventFilter, LedgerReader, UnitFilter } from './ledger-reader.ts';
import { createNewest } from './newest.ts';
import { judgeOpenUnits } from './open-units.ts';
import { stuckAndAround } from './open-work.ts';
import type { ProcessEnd, ProcessRow } from './process-row.ts';
import { routeFigures, timeFigures } from './request-figures.ts';
import { requestLogs } from './request-logs.ts';
import { newestRequests } from './requests.ts';
import { matchesDetails, matchesRunning, matchesSession, mayMatchEvent } from './row-filter.ts';
import { mergeTable } from './row-merge.ts';
import type { EventRow, StateCount } from './rows.ts';

/** Where the rows come from: one pass over every journal, in the order in which they would be shipped. */
export interface JournalRows {
  readonly description: string;
  scan(): AsyncIterable<Row>;
  /** The process behind an instance id. */
  processOf(instanceId: string): ProcessEnd | undefined;
  processes(): readonly ProcessRow[];
  /** Segments of which nothing could be made in the passes so far, with the reason. */
  unreadable(): readonly string[];
}

/**
 * Reads the ledger from journals alone, for the time in which the database cannot be reached. It knows what has not been
 * removed from them yet. Each answer is one pass; of what does not match nothing is kept.
 */
export function createJournalReader(journal: JournalRows): LedgerReader {
  const sessionValues = () => mergeTable(journal.scan(), 'import_sessions', () => true);
  const sessions = async () =>
    (await sessionValues()).map((values) => toSessionRow(values, journal.processOf(text(values.instance_id) ?? '')));
  const items = (sessionId: string | undefined) => mergeTable(journal.scan(), 'import_items', ofSession(sessionId));
  // Progress of a unit whose start has been removed from the journal makes no row, as in the database.
  const units = async (filter: UnitFilter) =>
    (await mergeTable(journal.scan(), 'task_progress', ofUnit(filter))).filter(hasBegun);
  const events = (filter: EventFilter, last: number) => newestEvents(rowsOf(journal.scan(), 'audit_log'), filter, last);
  const living = () => journal.processes().filter(({ ended_at: end }) => end === null);
  const running: LedgerReader['running'] = async (filter, last) => {
    const known = { units: (await units({})).map(toUnitRow), sessions: await sessions() };
    const open = judgeOpenUnits({ ...known, processOf: journal.processOf, now: Date.now() });
    const judged = filter.onlyStuck === true ? stuckAndAround(open) : open;
    const rows = judged.filter((row) => matchesRunning(row, filter));
    return rows.toSorted((a, b) => a.started_at.getTime() - b.started_at.getTime()).slice(0, last);
  };
  return {
    description: journal.description,
    async sessions(filter) {
      const matching = (await sessions()).filter((row) => matchesSession(row, filter));
      const newestFirst = (row: { started_at: Date | null }) => row.started_at?.getTime() ?? Number.NEGATIVE_INFINITY;
      return matching
        .toSorted((a, b) => newestFirst(b) - newestFirst(a) || (a.id < b.id ? 1 : -1))
        .slice(0, filter.last);
    },
    itemStates: async (sessionId) => countStates(await items(sessionId)),
    removedItems: async () => 0,
    events,
    requests: (filter, page) => newestRequests(rowsOf(journal.scan(), 'api_logs'), filter, page),
    requestLogs: (requests) => requestLogs(rowsOf(journal.scan(), 'audit_log'), requests),
    routes: (filter, last) => routeFigures(rowsOf(journal.scan(), 'api_logs'), filter, last),
    requestTimes: (filter, asked) => timeFigures(rowsOf(journal.scan(), 'api_logs'), filter, asked),
    async units(filter, last) {
      const newest = createNewest<Values>(last, ({ created_at: at }) => Number(at));
      for (const values of await units(filter)) newest.add(values);
      return newest.toArray().map(toUnitRow);
    },
    steps: async (filter) => groupSteps((await units(filter)).map(toUnitRow)),
    taskRuns: async (task, last) => newestTaskRuns((await units({})).map(toUnitRow), task, last),
    process: async (instanceId) => journal.processOf(instanceId),
    slowestSteps: async (sessionId, last) => summarizeSteps((await units({ sessionId })).map(toUnitRow)).slice(0, last),
    errorGroups: async (sessionId) => groupErrors(await events({ sessionId, levels: errorLevels }, maxErrors)),
    running,
    stuckEvidence: async (filter, last) => ({
      rows: await running(filter, last),
      blocked: living().filter(({ blocked_since: since }) => since !== null),
      database: undefined,
    }),
    processes: async () => living(),
    databaseWaits: async () => undefined,
    statistics: async (scope) =>
      journalStatistics(
        scope,
        await sessionValues(),
        await items(scope.sessionId),
        rowsOf(journal.scan(), 'audit_log'),
      ),
    close: async () => undefined,
  };
}

const errorLevels = ['error', 'critical'];
const maxErrors = 100_000;

async function* rowsOf(rows: AsyncIterable<Row>, table: TableName): AsyncIterable<Values> {
  for await (const row of rows) if (row.table === table) yield row.values;
}

async function newestEvents(
  rows: AsyncIterable<Values>,
  filter: EventFilter,
  last: number,
): Promise<readonly EventRow[]> {
  const newest = createNewest<Values>(last, ({ created_at: at }) => Number(at));
  for await (const values of rows) {
    if (mayMatchEvent(values, filter) && (filter.jobId === undefined || matchesDetails(toEventRow(values), filter))) {
      newest.add(values);
    }
  }
  return newest.toArray().map(toEventRow);
}

function ofSession(sessionId: string | undefined): (values: Values) => boolean {
  return (values) => sessionId === undefined || values.session_id === sessionId;
}

/** By what no record of a unit changes; a record that only tells of progress has no start to be asked for. */
function ofUnit(filter: UnitFilter): (values: Values) => boolean {
  const { units, since } = filter;
  const wanted = Object.entries({
    session_id: filter.sessionId,
    item_id: filter.itemId,
    trace_id: filter.traceId,
    instance_id: filter.instanceId,
  }).filter(([, value]) => value !== undefined);
  const isSince = ({ created_at: at }: Values) =>
    since === undefined || at === undefined || Number(at) >= since.getTime() * 1000;
  return (values) =>
    wanted.every(([name, value]) => values[name] === value) &&
    (units === undefined || units.includes(String(values.unit))) &&
    isSince(values);
}

function hasBegun({ created_at: at }: Values): boolean {
  return at !== undefined && at !== null;
}

function countStates(items: readonly Values[]): readonly StateCount[] {
  const counts = new Map<string, number>();
  for (const { state } of items)
    counts.set(String(state ?? 'pending'), (counts.get(String(state ?? 'pending')) ?? 0) + 1);
  return [...counts].map(([state, count]) => ({ state, count }));
}
