import { quoteIdentifier } from './identifier.ts';
import { isArchived, readKeys } from './retention-archive.ts';
import { groupSessions, readOldItems } from './retention-items.ts';
import { holdsKept, type TrimmedPart } from './retention-plan.ts';
import { goes, nameOf, type RetentionScope, scopeValues, trimKeys } from './retention-rules.ts';
import { foldOldSegments } from './retention-segments.ts';
import type { SqlConnection } from './sql-connection.ts';

/** Dropping a month waits for its readers, and a batch may stand against a shipment of late records; so often it is tried. */
const tries = 5;
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
    const rows = await inTurn(order, (connection) => dropPartition(order, connection));
    if (rows !== undefined) return { isWhole: true, rows };
  }
  return { isWhole: false, rows: await removeRows(order) };
}

/** Answers how many rows went, or `undefined` if the month has to stay. */
async function dropPartition(order: RemovalOrder, connection: SqlConnection): Promise<number | undefined> {
  const { scope, part, archived } = order;
  const name = nameOf(scope, part.name);
  // Asked of the catalog itself: the cache that `to_regclass` answers from is not brought up to date by waiting for one's turn.
  const [found] = await connection.query<{ there: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2) as there`,
    [scope.store.schema, part.name],
  );
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
async function inTurn<T>({ scope }: RemovalOrder, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  const { store } = scope;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.database.transaction(async (connection) => {
        await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
          `spanledger retention of ${store.schema}`,
        ]);
        return work(connection);
      });
    } catch (error) {
      const { kind } = await store.failure(error);
      if (kind !== 'conflict' || attempt === tries) throw error;
    }
  }
}

function removeRows(order: RemovalOrder): Promise<number> {
  const { archived, part, scope, batchRows } = order;
  if (part.table === 'shipments') {
    return foldOldSegments(scope, { batchRows, inTurn: (work) => inTurn(order, work), onBatch: order.onBatch });
  }
  if (archived !== undefined && isArchived(part.table)) {
    return archived.path === undefined ? Promise.resolve(0) : removeArchived(order, archived.path);
  }
  return part.table === 'import_items' ? removeItems(order) : walk(order);
}

/** Session by session, since the key leads to the items of one. */
async function removeItems(order: RemovalOrder): Promise<number> {
  let removed = 0;
  for await (const found of readOldItems(order.scope)) {
    for (const ids of groupSessions(found, order.batchRows)) {
      // One by itself comes in the order of the key; several are few rows.
      const [id] = ids;
      const within = ids.length === 1 ? { sql: '= $5', value: id } : { sql: '= any($5)', value: ids };
      removed += await walk(order, { ...within, sql: `r.session_id ${within.sql}` });
    }
  }
  return removed;
}

/** Goes through the part in the order of its key, so that no batch reads again what an earlier one has removed. */
async function walk(order: RemovalOrder, within?: { readonly sql: string; readonly value: unknown }): Promise<number> {
  const keys = Object.entries(trimKeys[order.part.table]);
  const values = [...scopeValues(order.scope), ...(within === undefined ? [] : [within.value])];
  const columns = keys.map(([name]) => `r.${quoteIdentifier(name)}`).join(', ');
  const bounds = keys.map(([, type], index) => `$${index + values.length + 1}::text::${type}`).join(', ');
  let removed = 0;
  for (let last: readonly string[] | undefined; ; ) {
    const batch = `select ${columns} from ${nameOf(order.scope, order.part.name)} r where ${goes(order.scope, order.part.table)}
      ${within === undefined ? '' : `and ${within.sql}`}
      ${last === undefined ? '' : `and (${columns}) > (${bounds})`} order by ${columns} limit ${Number(order.batchRows)}`;
    const gone = await removeBatch(order, batch, [...values, ...(last ?? [])]);
    if (gone === undefined) return removed;
    removed += gone.rows;
    if (gone.rows > 0) order.onBatch(gone.rows);
    if (gone.size < order.batchRows) return removed;
    last = gone.last;
  }
}

/** Reads the archive back: what cannot be read from it does not go. */
async function removeArchived(order: RemovalOrder, path: string): Promise<number> {
  const values = scopeValues(order.scope);
  const types = Object.values(trimKeys[order.part.table]);
  const names = Object.keys(trimKeys[order.part.table]).map(quoteIdentifier);
  const casts = names.map((name, index) => `k.${name}::${types[index]} as ${name}`).join(', ');
  const lists = names.map((_, index) => `$${index + values.length + 1}::text[]`).join(', ');
  const batch = `select ${casts} from unnest(${lists}) as k (${names.join(', ')})`;
  let removed = 0;
  let keys: (readonly string[])[] = [];
  const flush = async () => {
    const lists = names.map((_, index) => keys.map((key) => key[index]));
    const gone = keys.length === 0 ? undefined : await removeBatch(order, batch, [...values, ...lists]);
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
  const name = nameOf(scope, part.name);
  const names = Object.keys(trimKeys[part.table]).map(quoteIdentifier);
  const same = names.map((one) => `r.${one} = b.${one}`).join(' and ');
  const going = goes(scope, part.table);
  const sql = `with batch as materialized (${batch}), gone as (
      delete from ${name} r using batch b where ${same} and ${going} returning r.*)${noteOf(order)}
    select (select count(*) from batch) as size, (select count(*) from gone) as rows,
      array[${names.map((one) => `b.${one}::text`).join(', ')}] as last
    from batch b order by ${names.map((one) => `b.${one} desc`).join(', ')} limit 1`;
  const rows = await inTurn(order, async (connection) => {
    if (part.table === 'instances') {
      // Whoever ships for a process that comes back tells of it afterwards, and waits for this; what was shipped before is seen below.
      const locking = `select from ${name} r join (${batch}) b on ${same} where ${going} for update of r`;
      await connection.query(locking, values);
    }
    return connection.query<Batch & Record<string, unknown>>(sql, values);
  });
  return rows[0];
}

/** What is noted in the statement that removes rows, so that neither is ever there without the other. */
function noteOf({ scope, part }: RemovalOrder): string {
  const trimmed = nameOf(scope, 'trimmed_sessions');
  switch (part.table) {
    case 'import_items':
      return `, noted as (
        insert into ${trimmed} as t (session_id, trimmed_at, items)
        select session_id, now(), count(*) from gone g
          where exists (select from ${nameOf(scope, 'import_sessions')} s where s.id = g.session_id)
          group by session_id order by session_id
        on conflict (session_id) do update set trimmed_at = excluded.trimmed_at, items = t.items + excluded.items)`;
    case 'import_sessions':
      return `, noted as (delete from ${trimmed} t using gone g where t.session_id = g.id)`;
    default:
      return '';
  }
}
