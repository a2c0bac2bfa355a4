import { quoteIdentifier } from '../../shipping/identifier.ts';
import type { LedgerStore } from '../../shipping/store.ts';
import type { Conditions } from './conditions.ts';

/** A table that rows are only added to, as it is followed: what of a row is read, and which rows match. */
export interface ArrivalsQuery {
  readonly table: 'audit_log' | 'api_logs';
  readonly columns: string;
  conditions(): Conditions;
}

/** A row that has its number from the database; null where it comes from a journal. */
export interface ArrivedRow extends Record<string, unknown> {
  readonly id: number | null;
  readonly created_at: Date;
}

/** What has arrived in a table since the last look. */
export interface Arrivals<Row extends ArrivedRow> {
  /** Rows that are new, each once, in time order. */
  next(): Promise<readonly Row[]>;
  /** Whether the newest row that was there at the last look still is. Where it is not, the table is another one. */
  isSame(): Promise<boolean>;
}

/** Ids are looked at again this far behind the newest one when following begins: more than writers hold uncommitted. */
const initialOverlap = 20_000;
/** A standby does not know its writers before they have a transaction id, which may come a moment after an id for a row. */
const looksOfStandby = 10;

/**
 * Follows a table that many writers fill. Neither the time of a row nor its id tells what is new: a row may be shipped long after it
 * happened, and a lower id may be committed after a higher one. So a look goes back to the highest id below which every writer is known
 * to have ended, and what was told above it is left out.
 */
export async function openArrivals<Row extends ArrivedRow>(
  store: LedgerStore,
  schema: string,
  query: ArrivalsQuery,
): Promise<Arrivals<Row>> {
  const table = `${quoteIdentifier(schema)}.${query.table}`;
  let newest = await readNewest(store, table);
  let settled = Math.max(0, newest.highest - initialOverlap);
  let told = await idsAbove(store, table, query, settled);
  const horizons: Horizon[] = [];
  return {
    async next() {
      const { writers, isStandby } = await readWriters(store, table);
      horizons.push({ highest: newest.highest, writers });
      const look = await readAbove<Row>(store, table, query, { settled, told });
      const keep = isStandby ? looksOfStandby : 0;
      while (horizons[0] !== undefined && horizons.length > keep && haveEnded(horizons[0].writers, writers))
        settled = horizons.shift()?.highest ?? settled;
      if (look.newest !== undefined && look.newest.highest > newest.highest) newest = look.newest;
      told = [...told, ...look.rows.flatMap(({ id }) => id ?? [])].filter((id) => id > settled);
      return look.rows;
    },
    isSame: async () => newest.highest === 0 || (await exists(store, table, newest)),
  };
}

/** The newest id at one moment, and who wrote at a later one: what nobody of them writes, and is not there yet, has a higher id. */
interface Horizon {
  readonly highest: number;
  readonly writers: readonly string[];
}

interface Writers extends Record<string, unknown> {
  readonly writers: readonly string[];
  readonly isStandby: boolean;
}

/**
 * A writer holds its lock on the table from before its first id until it has ended, so whoever holds none later wrote nothing that is
 * still to come. The oldest transaction of the server would not do: it may belong to another program and last for hours, and a writer
 * has an id for its row before it has one for itself. A standby has no locks of writers; there it is the transactions that its
 * snapshot knows.
 */
async function readWriters(store: LedgerStore, table: string): Promise<Writers> {
  const [row] = await store.query<Writers>(
    `select pg_is_in_recovery() as "isStandby",
            case when pg_is_in_recovery() then
              array(select xip::text from pg_snapshot_xip(pg_current_snapshot()) xip)
            else
              array(select virtualtransaction from pg_locks
                where locktype = 'relation' and mode = 'RowExclusiveLock'
                  and database = (select oid from pg_database where datname = current_database())
                  and relation in (select relid from pg_partition_tree($1::regclass)))
            end as writers`,
    [table],
  );
  if (row === undefined) throw new TypeError('a select without from has one row');
  return row;
}

function haveEnded(writers: readonly string[], stillThere: readonly string[]): boolean {
  return !writers.some((writer) => stillThere.includes(writer));
}

/** The row with the highest id. */
interface Newest extends Record<string, unknown> {
  readonly highest: number;
  /** Microseconds since the epoch. */
  readonly highest_at: number;
}

const newestOf = 'id as highest, (extract(epoch from created_at) * 1000000)::bigint as highest_at';

/** The newest among the newest rows: a start that needs no scan of the table. */
async function readNewest(store: LedgerStore, table: string): Promise<Newest> {
  const [row] = await store.query<Newest>(
    `select ${newestOf} from (select id, created_at from ${table} order by created_at desc, id desc limit 1000) newest
      order by id desc limit 1`,
  );
  return row ?? { highest: 0, highest_at: 0 };
}

async function idsAbove(
  store: LedgerStore,
  table: string,
  query: ArrivalsQuery,
  id: number,
): Promise<readonly number[]> {
  const where = query.conditions().add('id > ?', id);
  const rows = await store.query<{ id: number }>(`select id from ${table} ${where.toSql()}`, where.parameters);
  return rows.map((row) => row.id);
}

interface Look<Row> {
  readonly rows: readonly Row[];
  /** The newest row, whether it matches or not. */
  readonly newest: Newest | undefined;
}

/** One scan for both. What was told before stays where it is: while a writer takes its time, that may be much. */
async function readAbove<Row extends ArrivedRow>(
  store: LedgerStore,
  table: string,
  query: ArrivalsQuery,
  { settled, told }: { readonly settled: number; readonly told: readonly number[] },
): Promise<Look<Row>> {
  const where = query.conditions();
  const sql = `
    with arrived as materialized (
      select ${query.columns}, exists (select 1 ${where.toSql()}) as matches from ${table} where id > ${where.bind(settled)}
    )
    select newest.*, row.*
      from (select ${newestOf} from arrived order by id desc limit 1) newest
      left join arrived row on row.matches and row.id <> all(${where.bind(told)}::bigint[])
     order by row.created_at, row.id`;
  const found = await store.query<Row & Newest>(sql, where.parameters);
  return {
    rows: found.filter(({ id }) => id !== null).map((row) => withoutMarks<Row>(row)),
    newest: found[0],
  };
}

function withoutMarks<Row>({ matches: _, highest: _id, highest_at: _at, ...row }: Record<string, unknown>): Row {
  return row as Row;
}

/** An id alone may come again in another table. */
async function exists(store: LedgerStore, table: string, { highest, highest_at: at }: Newest): Promise<boolean> {
  const sql = `select 1 from (select ${newestOf} from ${table} where id = $1) newest where highest_at = $2`;
  return (await store.query(sql, [highest, at])).length > 0;
}
