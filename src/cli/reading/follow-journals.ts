import { tailJournal } from '../../journal/journal-tail.ts';
import type { ArrivedRow } from './arrivals.ts';
import { type Feed, rowsOfEntry } from './feed.ts';
import { followClock } from './follow-clock.ts';
import { createToldRows, type ToldRows } from './told-rows.ts';

/** How the journals of this machine are followed. */
export interface JournalFollowing<Row extends ArrivedRow> {
  readonly directory: string;
  readonly feed: Feed<Row>;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Tells what is there already, once what comes is watched, so that nothing falls in between. Answers with the rows that it told. */
  readonly begin: () => Promise<readonly Row[]>;
  /** Notes rows that were told, for who will see them again elsewhere. */
  readonly told?: ToldRows<Row>;
}

/** Prints what is appended to the journals until it is ended. What the beginning told is not told again. */
export async function followJournals<Row extends ArrivedRow>(following: JournalFollowing<Row>): Promise<void> {
  const { feed, told } = following;
  const printed = createToldRows<Row>(feed.keyOf);
  const ending = new AbortController();
  const watch = beginWatch(following.directory, AbortSignal.any([following.signal, ending.signal]));
  try {
    await watch.hasBegun;
    for (const row of await following.begin()) {
      printed.add(row);
      told?.add(row);
    }
    for (let entry = await watch.first; entry.done !== true; entry = await watch.tail.next()) {
      const rows = rowsOfEntry(feed, entry.value).filter((row) => !printed.take(row));
      for (const row of rows) told?.add(row);
      await feed.print(rows);
    }
  } finally {
    ending.abort();
    await watch.tail.return();
  }
}

function beginWatch(directory: string, signal: AbortSignal) {
  let begun = () => {};
  const isWatched = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const tail = tailJournal(directory, { signal, clock: followClock, onBegin: () => begun() });
  const first = tail.next();
  return { tail, first, hasBegun: Promise.race([isWatched, first]) };
}
