import type { SqlLedgerStore } from './ledger-store.ts';
import { readOldItems } from './retention-items.ts';
import {
  goes,
  keptProcessesSql,
  nameOf,
  type RetentionScope,
  scopeValues,
  type TrimmedTable,
  trimmedTables,
} from './retention-rules.ts';
import { countOldSegments } from './retention-segments.ts';
import type { SqlConnection, SqlRow } from './sql-connection.ts';

/** A month, the default partition, or a table that has no partitions. */
export interface TrimmedPart {
  readonly table: TrimmedTable;
  /** Name of the partition or table. */
  readonly name: string;
  /** The month is over, and nothing in it is to stay. */
  readonly isWhole: boolean;
  /** Rows that go. */
  readonly rows: number;
}

/** The moment before which records are that many days old; the database does the calendar's arithmetic. */
export async function cutoffOf(store: SqlLedgerStore, days: number): Promise<Date> {
  // Hours, since the days of an interval are as long as the time zone of the database makes them.
  const [row] = await store.query<{ cutoff: Date }>('select now() - make_interval(hours => 24 * $1) as cutoff', [days]);
  return row?.cutoff ?? new Date(0);
}

/** Everything that has something old in it. */
export async function planRetention(scope: RetentionScope): Promise<readonly TrimmedPart[]> {
  const parts: TrimmedPart[] = [];
  for (const table of trimmedTables) parts.push(...(await partsOf(scope, table)));
  return parts.filter(({ isWhole, rows }) => isWhole || rows > 0);
}

async function partsOf(scope: RetentionScope, table: TrimmedTable): Promise<readonly TrimmedPart[]> {
  if (table !== 'audit_log' && table !== 'api_logs') {
    return [{ table, name: table, isWhole: false, rows: await countRows(scope, table) }];
  }
  const parts: TrimmedPart[] = [];
  for (const { name, isOld } of await oldPartitions(scope, table)) {
    const part = await planPartition(scope, table, { name, isOld }).catch(async (error: unknown) => {
      // Another retention has dropped it since it was listed.
      if ((await scope.store.failure(error)).code === missingCode) return undefined;
      throw error;
    });
    if (part !== undefined) parts.push(part);
  }
  return parts;
}

/** A table that is not there. */
const missingCode = '42P01';

async function planPartition(
  scope: RetentionScope,
  table: TrimmedTable,
  { name, isOld }: { readonly name: string; readonly isOld: boolean },
): Promise<TrimmedPart> {
  const isWhole = isOld && !(await read(scope, (connection) => holdsKept(scope, connection, name)));
  return { table, name, isWhole, rows: await count(scope, table, { part: name, isWhole }) };
}

async function countRows(scope: RetentionScope, table: TrimmedTable): Promise<number> {
  if (table === 'shipments') return countOldSegments(scope);
  if (table !== 'import_items') return count(scope, table, { part: table, isWhole: false });
  let rows = 0;
  for await (const sessions of readOldItems(scope)) for (const session of sessions) rows += session.rows;
  return rows;
}

/** With the processes that are to stay, as the ledger is now: what refers to them is asked for but once. */
export async function withKeptProcesses(scope: RetentionScope): Promise<RetentionScope> {
  const rows = await read(scope, (connection) =>
    connection.query<{ instance_id: string }>(keptProcessesSql(scope), scopeValues(scope)),
  );
  return { ...scope, keptProcesses: rows.map(({ instance_id: id }) => id) };
}

/** Whether a partition has anything of what stays. Asks for each session and trace that stays, so it need not read the month. */
export async function holdsKept(scope: RetentionScope, connection: SqlConnection, partition: string): Promise<boolean> {
  const name = nameOf(scope, partition);
  const [row] = await connection.query<{ kept: boolean }>(
    `select exists (select from unnest($1::text[]) k (id) where exists (select from ${name} r where r.session_id = k.id))
      or exists (select from ${nameOf(scope, 'import_sessions')} s where s.ended_at is null
        and exists (select from ${name} r where r.session_id = s.id))
      or exists (select from ${nameOf(scope, 'task_progress')} p where p.ended_at is null
        and exists (select from ${name} r where r.trace_id = p.trace_id)) as kept`,
    [scope.keepSessions],
  );
  return row?.kept === true;
}

/** The partitions that reach back beyond the cutoff; old are those that end before it. */
function oldPartitions(
  scope: RetentionScope,
  table: string,
): Promise<readonly ({ readonly name: string; readonly isOld: boolean } & SqlRow)[]> {
  return scope.store.query(
    `select name, coalesce((start + interval '1 month') at time zone 'UTC' <= $2, false) as "isOld" from (
      select relname as name, make_timestamp(left(month, 4)::integer, right(month, 2)::integer, 1, 0, 0, 0) as start
      from (
        select c.relname, substring(c.relname from '\\d{4}_\\d{2}$') as month
        from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
        where i.inhparent = to_regclass($1)
      ) partitions
    ) months where start is null or start at time zone 'UTC' < $2 order by name`,
    [nameOf(scope, table), scope.cutoff],
  );
}

async function count(
  scope: RetentionScope,
  table: TrimmedTable,
  { part, isWhole }: { readonly part: string; readonly isWhole: boolean },
): Promise<number> {
  const where = isWhole ? '' : `where ${goes(scope, table)}`;
  const [row] = await read(scope, (connection) =>
    connection.query<{ n: number }>(
      `select count(*) as n from ${nameOf(scope, part)} r ${where}`,
      isWhole ? [] : scopeValues(scope),
    ),
  );
  return row?.n ?? 0;
}

function read<T>({ store }: RetentionScope, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  return store.database.transaction(work, 'read only');
}
