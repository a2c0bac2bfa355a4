import type { JournalEntry } from '../../journal/journal.ts';
import { tailJournal } from '../../journal/journal-tail.ts';
import { rowsOf } from '../../projection/rows.ts';
import { isUnreachable } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { openWorkplace, type Workplace } from '../workplace.ts';
import { openArrivals } from './arrivals.ts';
import { toEventRow } from './cells.ts';
import { followClock } from './follow-clock.ts';
import type { EventFilter } from './ledger-reader.ts';
import { openCurrentStore } from './open-current-store.ts';
import { withLedger } from './open-ledger.ts';
import { matchesDetails, mayMatchEvent } from './row-filter.ts';
import type { EventRow } from './rows.ts';
import { createStoreReader } from './store-reader.ts';

/** Receives records as they arrive, those of one call in time order. */
export type EventPrinter = (rows: readonly EventRow[]) => Promise<void>;

/**
 * Prints the newest records, then each one that arrives, until the call is interrupted. A database is asked again and
 * again; without one the journals are followed, so that the embedded store stays free for others.
 */
export async function followEvents(invocation: Invocation, filter: EventFilter, print: EventPrinter): Promise<void> {
  const workplace = openWorkplace(invocation);
  if (workplace.databaseUrl === undefined) return followJournals(invocation, workplace, filter, print);
  try {
    await followDatabase(invocation, workplace, filter, print);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    invocation.terminal.note('note: the database cannot be reached; following the journals on this machine instead.');
    await followJournals(invocation, workplace, filter, print);
  }
}

const pollMillis = 1000;

async function followDatabase(
  { options, signal, terminal }: Invocation,
  workplace: Workplace,
  filter: EventFilter,
  print: EventPrinter,
): Promise<void> {
  const store = await openCurrentStore(workplace, terminal);
  try {
    const arrivals = await openArrivals(store, workplace.schema, filter);
    const newest = await createStoreReader(store, workplace.schema).events(filter, options.count('last') ?? 20);
    await print(newest);
    const printed = new Set(newest.map(({ id }) => id));
    while (!signal.aborted) {
      await print((await arrivals.next()).filter(({ id }) => !printed.delete(id)));
      await followClock.sleep(pollMillis, signal);
    }
  } finally {
    await store.close();
  }
}

/** The journals are watched from before the first page is read, so that nothing falls in between. */
async function followJournals(
  invocation: Invocation,
  { directory }: Workplace,
  filter: EventFilter,
  print: EventPrinter,
): Promise<void> {
  const { options, signal } = invocation;
  const tail = tailJournal(directory, { signal, clock: followClock });
  let next = tail.next();
  const printed = createPrinted();
  await withLedger(invocation, async (reader) => {
    const newest = await reader.events(filter, options.count('last') ?? 20);
    for (const row of newest) printed.add(row);
    await print(newest);
    return 0;
  });
  for (let entry = await next; entry.done !== true; entry = await next) {
    next = tail.next();
    await print(eventsOf(entry.value, filter).filter((row) => !printed.take(row)));
  }
}

function eventsOf({ record, owner }: JournalEntry, filter: EventFilter): readonly EventRow[] {
  return rowsOf(record, owner)
    .filter(({ table, values }) => table === 'audit_log' && mayMatchEvent(values, filter))
    .map(({ values }) => toEventRow(values))
    .filter((row) => matchesDetails(row, filter));
}

/** Records of the first page: one that the watch tells again is taken from here instead of printed twice. */
function createPrinted() {
  const counts = new Map<string, number>();
  const keyOf = (row: EventRow) =>
    JSON.stringify([row.created_at, row.trace_id, row.span_id, row.seq, row.event, row.item_id, row.message]);
  return {
    add(row: EventRow): void {
      counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
    },
    take(row: EventRow): boolean {
      const count = counts.get(keyOf(row)) ?? 0;
      if (count > 0) counts.set(keyOf(row), count - 1);
      return count > 0;
    },
  };
}
