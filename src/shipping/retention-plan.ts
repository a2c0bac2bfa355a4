import { qualified } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import type { SqlConnection, SqlRow } from './sql-connection.ts';

/** Tables that retention trims. All others hold current state. */
export const trimmedTables = ['audit_log', 'api_logs', 'task_progress'] as const;
export type TrimmedTable = (typeof trimmedTables)[number];

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

/** What is to go, and what is to stay. */
export interface RetentionScope {
  readonly store: SqlLedgerStore;
  /** Records before it are old. */
  readonly cutoff: Date;
  readonly keepSessions: readonly string[];
}

/** Column types of the keys by which rows are named. A unit that moves on gets a new version, and is another row then. */
export const trimKeys: Readonly<Record<TrimmedTable, Readonly<Record<string, string>>>> = {
  audit_log: { created_at: 'timestamptz', id: 'bigint' },
  api_logs: { created_at: 'timestamptz', id: 'bigint' },
  task_progress: { trace_id: 'uuid', span_id: 'text', version: 'bigint' },
};

/** The database does the calendar's arithmetic. */
export async function cutoffOf(store: SqlLedgerStore, days: number): Promise<Date> {
  // Hours, since the days of an interval are as long as the time zone of the database makes them.
  const [row] = await store.query<{ cutoff: Date }>('select now() - make_interval(hours => 24 * $1) as cutoff', [days]);
  return row?.cutoff ?? new Date(0);
}

/** Everything that has something old in it. */
export async function planRetention(scope: RetentionScope): Promise<readonly TrimmedPart[]> {
  const parts: TrimmedPart[] = [];
  for (const table of ['audit_log', 'api_logs'] as const) {
    for (const { name, isOld } of await oldPartitions(scope, table)) {
      const isWhole = isOld && !(await read(scope, (connection) => holdsKept(scope, connection, name)));
      parts.push({ table, name, isWhole, rows: await count(scope, table, name, isWhole) });
    }
  }
  const units = await count(scope, 'task_progress', 'task_progress', false);
  parts.push({ table: 'task_progress', name: 'task_progress', isWhole: false, rows: units });
  return parts.filter(({ isWhole, rows }) => isWhole || rows > 0);
}

/** Condition for rows `r` that go; `$1` and `$2` are {@link scopeValues}. */
export function goes({ store }: RetentionScope, table: TrimmedTable): string {
  const of = (name: string) => qualified(store.schema, name);
  const old = table === 'task_progress' ? 'r.created_at < $1 and r.ended_at < $1' : 'r.created_at < $1';
  // What stays: records of sessions asked for, of sessions that have not ended, of traces in which something runs.
  return `${old} and not (coalesce(r.session_id = any($2), false)
    or coalesce(r.session_id in (select id from ${of('import_sessions')} where ended_at is null), false)
    or r.trace_id in (select trace_id from ${of('task_progress')} where ended_at is null))`;
}

export function scopeValues({ cutoff, keepSessions }: RetentionScope): readonly unknown[] {
  return [cutoff, keepSessions];
}

/** Whether a partition has anything of what stays. Asks for each session and trace that stays, so it need not read the month. */
export async function holdsKept(scope: RetentionScope, connection: SqlConnection, partition: string): Promise<boolean> {
  const of = (name: string) => qualified(scope.store.schema, name);
  const name = of(partition);
  const [row] = await connection.query<{ kept: boolean }>(
    `select exists (select from unnest($1::text[]) k (id) where exists (select from ${name} r where r.session_id = k.id))
      or exists (select from ${of('import_sessions')} s where s.ended_at is null
        and exists (select from ${name} r where r.session_id = s.id))
      or exists (select from ${of('task_progress')} p where p.ended_at is null
        and exists (select from ${name} r where r.trace_id = p.trace_id)) as kept`,
    [scope.keepSessions],
  );
  return row?.kept === true;
}

/** The partitions that reach back beyond the cutoff; old are those that end before it. */
function oldPartitions(
  { store, cutoff }: RetentionScope,
  table: string,
): Promise<readonly ({ readonly name: string; readonly isOld: boolean } & SqlRow)[]> {
  return store.query(
    `select name, coalesce((start + interval '1 month') at time zone 'UTC' <= $2, false) as "isOld" from (
      select relname as name, make_timestamp(left(month, 4)::integer, right(month, 2)::integer, 1, 0, 0, 0) as start
      from (
        select c.relname, substring(c.relname from '\\d{4}_\\d{2}$') as month
        from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
        where i.inhparent = to_regclass($1)
      ) partitions
    ) months where start is null or start at time zone 'UTC' < $2 order by name`,
    [qualified(store.schema, table), cutoff],
  );
}

async function count(scope: RetentionScope, table: TrimmedTable, part: string, isWhole: boolean): Promise<number> {
  const name = qualified(scope.store.schema, part);
  const where = isWhole ? '' : `where ${goes(scope, table)}`;
  const [row] = await read(scope, (connection) =>
    connection.query<{ n: number }>(`select count(*) as n from ${name} r ${where}`, isWhole ? [] : scopeValues(scope)),
  );
  return row?.n ?? 0;
}

function read<T>({ store }: RetentionScope, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  return store.database.transaction(work, 'read only');
}
