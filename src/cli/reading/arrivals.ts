import { quoteIdentifier } from '../../shipping/identifier.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import type { EventFilter } from './ledger-reader.ts';
import type { EventRow } from './rows.ts';
import { eventColumns, eventConditions } from './store-reader.ts';

/** What has arrived in audit_log since the last look, in time order. */
export interface Arrivals {
  next(): Promise<readonly EventRow[]>;
}

/** Ids are looked at again this far behind the newest one when following begins: more than writers hold uncommitted. */
const initialOverlap = 20_000;

/**
 * Follows a table that many writers fill. Neither the time of a record nor its id tells what is new: a record may be
 * shipped long after it happened, and a lower id may be committed after a higher one. So a look goes back to the highest
 * id below which every writer is known to have ended, and what was seen above it is left out.
 */
export async function openArrivals(store: LedgerStore, schema: string, filter: EventFilter): Promise<Arrivals> {
  const table = `${quoteIdentifier(schema)}.audit_log`;
  const newest = await newestId(store, table);
  let settled = Math.max(0, newest - initialOverlap);
  let seen = await idsAbove(store, table, filter, settled);
  const horizons: Horizon[] = [];
  return {
    async next() {
      const horizon = await readHorizon(store, table, settled);
      const rows = await rowsAbove(store, table, filter, settled);
      const fresh = rows.filter(({ id }) => id !== null && !seen.has(id));
      while (horizons[0] !== undefined && horizons[0].next <= horizon.oldest)
        settled = horizons.shift()?.highest ?? settled;
      horizons.push(horizon);
      seen = new Set(rows.flatMap(({ id }) => (id !== null && id > settled ? [id] : [])));
      return fresh;
    },
  };
}

/** Transactions from `oldest` on may still run; those from `next` on had not begun. `highest` is the newest id then. */
interface Horizon extends Record<string, unknown> {
  readonly highest: number;
  readonly oldest: number;
  readonly next: number;
}

async function readHorizon(store: LedgerStore, table: string, settled: number): Promise<Horizon> {
  const [row] = await store.query<Horizon>(
    `select coalesce((select max(id) from ${table} where id > $1), $1::bigint) as highest,
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest,
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next`,
    [settled],
  );
  if (row === undefined) throw new TypeError('a select without from has one row');
  return row;
}

/** The newest id among the newest records: a start that needs no scan of the table. */
async function newestId(store: LedgerStore, table: string): Promise<number> {
  const [row] = await store.query<{ id: number | null }>(
    `select max(id) as id from (select id from ${table} order by created_at desc, id desc limit 1000) newest`,
  );
  return row?.id ?? 0;
}

async function idsAbove(store: LedgerStore, table: string, filter: EventFilter, id: number): Promise<Set<number>> {
  const where = eventConditions(filter).add('id > ?', id);
  const rows = await store.query<{ id: number }>(`select id from ${table} ${where.toSql()}`, where.parameters);
  return new Set(rows.map((row) => row.id));
}

function rowsAbove(store: LedgerStore, table: string, filter: EventFilter, id: number): Promise<readonly EventRow[]> {
  const where = eventConditions(filter).add('id > ?', id);
  const sql = `select ${eventColumns} from ${table} ${where.toSql()} order by created_at, id`;
  return store.query<EventRow>(sql, where.parameters);
}
