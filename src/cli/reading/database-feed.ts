import type { SqlLedgerStore } from '../../shipping/ledger-store.ts';
import { type Arrivals, type ArrivedRow, openArrivals } from './arrivals.ts';
import type { Following } from './feed.ts';
import { openCurrentStore } from './open-current-store.ts';
import { createStoreReader } from './store-reader.ts';

/** The database as a source of rows: what it told goes on where it was after an outage. */
export interface DatabaseFeed<Row extends ArrivedRow> {
  /** The first page, then what has arrived. */
  next(): Promise<readonly Row[]>;
  hasBegun(): boolean;
  close(): Promise<void>;
}

/** Opens the database with the first question, and again where it could not be opened. */
export function createDatabaseFeed<Row extends ArrivedRow>({
  invocation: { terminal },
  workplace,
  feed,
}: Following<Row>): DatabaseFeed<Row> {
  let store: SqlLedgerStore | undefined;
  let arrivals: Arrivals<Row> | undefined;
  let page = new Set<number | null>();
  let wasAway = false;
  const begin = async (opened: SqlLedgerStore) => {
    const beginning = await openArrivals<Row>(opened, workplace.schema, feed.query);
    const rows = await feed.newest(createStoreReader(opened, workplace.schema));
    page = new Set(rows.map(({ id }) => id));
    arrivals = beginning;
    return rows;
  };
  const look = async () => {
    store ??= await openCurrentStore(workplace, terminal);
    if (wasAway && (await arrivals?.isSame()) === false) {
      terminal.note('note: the database is another one than before, or began anew; its newest rows follow.');
      arrivals = undefined;
    }
    return arrivals === undefined ? begin(store) : (await arrivals.next()).filter(({ id }) => !page.delete(id));
  };
  return {
    async next() {
      try {
        const rows = await look();
        wasAway = false;
        return rows;
      } catch (error) {
        wasAway = true;
        throw error;
      }
    },
    hasBegun: () => arrivals !== undefined,
    close: async () => store?.close(),
  };
}
