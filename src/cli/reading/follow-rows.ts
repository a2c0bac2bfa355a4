import { isUnreachable } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { openWorkplace } from '../workplace.ts';
import type { ArrivedRow } from './arrivals.ts';
import { createDatabaseFeed } from './database-feed.ts';
import type { Feed, Following } from './feed.ts';
import { followClock } from './follow-clock.ts';
import { followJournals } from './follow-journals.ts';
import { withLedger } from './open-ledger.ts';
import { beginOutage, type Outage } from './outage.ts';
import { createToldRows } from './told-rows.ts';

/**
 * Prints the newest rows, then each one that arrives, until the call is interrupted. A database is asked again and again, over its
 * outages, while which the journals of this machine are followed; without one the journals are followed alone, so that the embedded
 * store stays free for others.
 */
export async function followRows<Row extends ArrivedRow>(invocation: Invocation, feed: Feed<Row>): Promise<void> {
  const workplace = openWorkplace(invocation);
  const { signal } = invocation;
  if (workplace.databaseUrl !== undefined) return followDatabase({ invocation, workplace, feed });
  const begin = async () => {
    let page: readonly Row[] = [];
    await withLedger(invocation, async (reader) => {
      page = await feed.newest(reader);
      await feed.print(page);
      return 0;
    });
    return page;
  };
  await followJournals({ directory: workplace.directory, feed, signal, begin });
}

const pollMillis = 1000;

async function followDatabase<Row extends ArrivedRow>(following: Following<Row>): Promise<void> {
  const { invocation, feed } = following;
  const { signal } = invocation;
  const told = createToldRows<Row>(feed.keyOf);
  const database = createDatabaseFeed(following);
  let outage: Outage | undefined;
  try {
    while (!signal.aborted) {
      try {
        const rows = await database.next();
        if (outage !== undefined) {
          await outage.end();
          outage = undefined;
          invocation.terminal.note('note: the database answers again.');
        }
        await feed.print(rows.filter((row) => !told.take(row)));
      } catch (error) {
        if (!isPassing(error)) throw error;
        outage ??= beginOutage(following, told, database.hasBegun(), error);
      }
      await Promise.race([followClock.sleep(pollMillis, signal), ...(outage === undefined ? [] : [outage.failure])]);
    }
  } finally {
    await Promise.all([outage?.end(), database.close()]);
  }
}

/** Classes of SQLSTATE that say nothing of the question itself: lost connections, conflicts, limits, shutdowns, time-outs. */
const passing = /^(08|40|53|55|57|58)/;

function isPassing(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof Error && 'code' in error && passing.test(String(error.code)));
}
