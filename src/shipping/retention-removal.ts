import { qualified, quoteIdentifier } from './identifier.ts';
import { readKeys } from './retention-archive.ts';
import { goes, holdsKept, type RetentionScope, scopeValues, type TrimmedPart, trimKeys } from './retention-plan.ts';
import type { SqlConnection } from './sql-connection.ts';

/** Dropping a month waits for its readers; it is tried this often before it is given up. */
const dropTries = 5;
/** Whoever comes behind the drop waits as long as the drop itself does: not long. */
const dropWaitMillis = 2_000;

/** How one part is removed. */
export interface RemovalOrder {
  readonly scope: RetentionScope;
  readonly part: TrimmedPart;
  /** The file with the rows of the part, none where there were no rows; nothing goes then that is not in it. */
  readonly archived?: { readonly path?: string; readonly rows: number };
  /** Rows in one transaction. */
  readonly batchRows: number;
  onBatch(rows: number): void;
}

/** What was removed of a part. */
export interface Removal {
  readonly isWhole: boolean;
  readonly rows: number;
}

/** Removes one part: whole, where nothing has come into it meanwhile that is to stay; else row by row in batches. */
export async function removePart(order: RemovalOrder): Promise<Removal> {
  if (order.part.isWhole) {
    const rows = await dropPartition(order);
    if (rows !== undefined) return { isWhole: true, rows };
  }
  return { isWhole: false, rows: await removeRows(order) };
}

/** Answers how many rows went, or `undefined` if the month has to stay. */
async function dropPartition(order: RemovalOrder): Promise<number | undefined> {
  const { store } = order.scope;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.database.transaction((connection) => tryDrop(order, connection));
    } catch (error) {
      const { kind } = await store.failure(error);
      if (kind !== 'conflict' || attempt === dropTries) throw error;
    }
  }
}

async function tryDrop(order: RemovalOrder, connection: SqlConnection): Promise<number | undefined> {
  const { scope, part, archived } = order;
  const name = qualified(scope.store.schema, part.name);
  await takeTurn(order, connection);
  const [found] = await connection.query<{ there: boolean }>('select to_regclass($1) is not null as there', [name]);
  if (found?.there !== true) return 0;
  // Readers go on; a shipper that has a late record for this month waits, and is looked at once it is over.
  await connection.script(`set local lock_timeout = ${dropWaitMillis}; lock table ${name} in exclusive mode`);
  if (await holdsKept(scope, connection, part.name)) return undefined;
  const [row] = await connection.query<{ n: number }>(`select count(*) as n from ${name}`);
  const rows = row?.n ?? 0;
  // What has come since the archive was written is not in it.
  if (archived !== undefined && rows !== archived.rows) return undefined;
  await connection.script(`drop table ${name}`);
  return rows;
}

/** Two retentions at once take turns, transaction by transaction, and find what the other has left. */
async function takeTurn({ scope }: RemovalOrder, connection: SqlConnection): Promise<void> {
  const name = `spanledger retention of ${scope.store.schema}`;
  await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}

function removeRows(order: RemovalOrder): Promise<number> {
  const { archived } = order;
  if (archived === undefined) return walk(order);
  return archived.path === undefined ? Promise.resolve(0) : removeArchived(order, archived.path);
}

/** Goes through the part in the order of its key, so that no batch reads again what an earlier one has removed. */
async function walk(order: RemovalOrder): Promise<number> {
  const keys = Object.entries(trimKeys[order.part.table]);
  const columns = keys.map(([name]) => `r.${quoteIdentifier(name)}`).join(', ');
  const bounds = keys.map(([, type], index) => `$${index + 3}::text::${type}`).join(', ');
  let removed = 0;
  for (let last: readonly string[] | undefined; ; ) {
    const batch = `select ${columns} from ${nameOf(order)} r where ${goes(order.scope, order.part.table)}
      ${last === undefined ? '' : `and (${columns}) > (${bounds})`} order by ${columns} limit ${Number(order.batchRows)}`;
    const gone = await removeBatch(order, batch, last ?? []);
    if (gone === undefined) return removed;
    removed += gone.rows;
    if (gone.rows > 0) order.onBatch(gone.rows);
    if (gone.size < order.batchRows) return removed;
    last = gone.last;
  }
}

/** Reads the archive back: what cannot be read from it does not go. */
async function removeArchived(order: RemovalOrder, path: string): Promise<number> {
  const types = Object.values(trimKeys[order.part.table]);
  const names = Object.keys(trimKeys[order.part.table]).map(quoteIdentifier);
  const casts = names.map((name, index) => `k.${name}::${types[index]} as ${name}`).join(', ');
  const lists = names.map((_, index) => `$${index + 3}::text[]`).join(', ');
  const batch = `select ${casts} from unnest(${lists}) as k (${names.join(', ')})`;
  let removed = 0;
  let keys: (readonly string[])[] = [];
  const flush = async () => {
    const lists = names.map((_, index) => keys.map((key) => key[index]));
    const gone = keys.length === 0 ? undefined : await removeBatch(order, batch, lists);
    keys = [];
    if (gone === undefined || gone.rows === 0) return;
    removed += gone.rows;
    order.onBatch(gone.rows);
  };
  for await (const key of readKeys(path, order.part)) {
    keys.push(key);
    if (keys.length >= order.batchRows) await flush();
  }
  await flush();
  return removed;
}

interface Batch {
  /** Rows that were looked at. */
  readonly size: number;
  /** Rows that went. */
  readonly rows: number;
  /** Key of the last one looked at. */
  readonly last: readonly string[];
}

async function removeBatch(order: RemovalOrder, batch: string, values: readonly unknown[]): Promise<Batch | undefined> {
  const { scope, part } = order;
  const names = Object.keys(trimKeys[part.table]).map(quoteIdentifier);
  const same = names.map((name) => `r.${name} = b.${name}`).join(' and ');
  const sql = `with batch as materialized (${batch}), gone as (
      delete from ${nameOf(order)} r using batch b where ${same} and ${goes(scope, part.table)} returning 1)
    select (select count(*) from batch) as size, (select count(*) from gone) as rows,
      array[${names.map((name) => `b.${name}::text`).join(', ')}] as last
    from batch b order by ${names.map((name) => `b.${name} desc`).join(', ')} limit 1`;
  const rows = await scope.store.database.transaction(async (connection) => {
    await takeTurn(order, connection);
    return connection.query<Batch & Record<string, unknown>>(sql, [...scopeValues(scope), ...values]);
  });
  return rows[0];
}

function nameOf({ scope, part }: RemovalOrder): string {
  return qualified(scope.store.schema, part.name);
}
