import type { Statement } from '../../shipping/sql-connection.ts';
import type { LedgerStore } from '../../shipping/store.ts';

/** One session of a database server. What the role may not see is null. */
export type DatabaseSession = {
  readonly pid: number;
  readonly application_name: string | null;
  readonly user_name: string | null;
  readonly state: string | null;
  /** At most 500 characters. */
  readonly query: string | null;
  /** Since the start of its transaction. */
  readonly transaction_seconds: number | null;
};

/** A session that waits for a lock, and those that keep it from going on. */
export type DatabaseWait = DatabaseSession & {
  readonly database_name: string | null;
  readonly client: string | null;
  /** Since the start of its statement. */
  readonly waiting_seconds: number | null;
  /** What is locked: a table in this database, or the kind of lock. */
  readonly locked: string | null;
  readonly lock_mode: string | null;
  readonly blocked_by: readonly DatabaseSession[];
};

export interface DatabaseWaits {
  readonly waits: readonly DatabaseWait[];
  /** Whether the role sees statements of others; else they are null, and who waits for whom is seen all the same. */
  readonly seesStatements: boolean;
  readonly role: string;
}

/** Who waits for whom on the server. `pg_locks` and `pg_blocking_pids` answer every role; statements take `pg_read_all_stats`. */
export async function readDatabaseWaits(store: LedgerStore, seen?: FirstLook): Promise<DatabaseWaits | undefined> {
  const look = seen ?? (await store.query<FirstLook>(firstLook.sql))[0];
  if (look === undefined) return undefined;
  const waits = look.waits ? await store.query<DatabaseWait>(waitsSql) : [];
  return { waits: waits.map(withoutRefusal), seesStatements: look.sees, role: look.role };
}

/** The rights of the role, and whether anybody waits: to ask who takes longer than all else, and mostly nobody does. */
export type FirstLook = { readonly role: string; readonly sees: boolean; readonly waits: boolean };

/** A `FirstLook`. */
export const firstLook: Statement = {
  sql: `
  select current_user::text as role,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') or current_setting('is_superuser') = 'on' as sees,
    exists (select from pg_locks where not granted) as waits`,
  parameters: [],
};

const waitsSql = `
  with waiting as (
    select distinct on (pid) pid, mode,
      case when relation is not null and database = (select oid from pg_database where datname = current_database())
        then relation::regclass::text else locktype end as locked
    from pg_locks where not granted order by pid, relation nulls last
  )
  select w.pid, a.application_name, a.usename::text as user_name, a.state, left(a.query, 500) as query,
    extract(epoch from now() - a.xact_start)::double precision as transaction_seconds,
    a.datname::text as database_name, host(a.client_addr) || ':' || a.client_port as client,
    extract(epoch from now() - a.query_start)::double precision as waiting_seconds, w.locked, w.mode as lock_mode,
    coalesce((
      select jsonb_agg(jsonb_build_object('pid', b.pid, 'application_name', b.application_name, 'user_name', b.usename,
        'state', b.state, 'query', left(b.query, 500),
        'transaction_seconds', extract(epoch from now() - b.xact_start)::double precision) order by b.pid)
      from pg_stat_activity b where b.pid = any(pg_blocking_pids(w.pid))
    ), '[]') as blocked_by
  from waiting w left join pg_stat_activity a on a.pid = w.pid
  order by a.query_start nulls last, w.pid`;

const refusal = '<insufficient privilege>';

function withoutRefusal(wait: DatabaseWait): DatabaseWait {
  const plain = <T extends DatabaseSession>(session: T): T =>
    session.query === refusal ? { ...session, query: null } : session;
  return { ...plain(wait), blocked_by: wait.blocked_by.map(plain) };
}

/** Whether a statement may be the one of this shape: what is not a literal agrees, as far as both go. */
export function isOfShape(statement: string, shape: string): boolean {
  const [one, other] = [wordsOf(statement), wordsOf(shape)];
  const length = Math.min(one.length, other.length);
  return length >= leastWords && one.slice(0, length - 1).every((word, index) => word === other[index]);
}

const leastWords = 3;

/** Literals and parameters are one word, however they are written. */
function wordsOf(sql: string): readonly string[] {
  const bare = sql.toLowerCase().replace(/'(?:[^']|'')*'|\$\d+|\b\d+(?:\.\d+)?\b/g, '?');
  return bare.match(/[\w".]+|\?|[^\s\w]/g) ?? [];
}
