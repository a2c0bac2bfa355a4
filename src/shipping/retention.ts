import { qualified } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';

export interface RetentionOptions {
  /** Records older than this many days go. */
  readonly days: number;
  /** Sessions whose records stay, however old. */
  readonly keepSessions?: readonly string[];
  /** Tells what would go, removes nothing. */
  readonly dryRun?: boolean;
  /** Rows removed in one transaction; default 5,000. */
  readonly batchRows?: number;
  readonly onProgress?: (table: string, rows: number) => void;
}

/** What went of one table, or would go. */
export interface TableRetention {
  readonly table: 'audit_log' | 'api_logs' | 'task_progress';
  /** Months that went whole. */
  readonly partitions: readonly string[];
  /** Rows that went one by one. */
  readonly rows: number;
}

export interface RetentionReport {
  /** The moment before which records are old, by the clock of the database. */
  readonly cutoff: Date;
  readonly tables: readonly TableRetention[];
}

const defaultBatchRows = 5_000;
/** Dropping a month waits for its readers; it is tried this often before it is given up. */
const dropTries = 5;

/**
 * Removes old records: whole months where nothing in them is to stay, else row by row in batches. Current state
 * (`import_sessions`, `import_items`, `instances`, `shipments`) is never touched, nor are records of running work: of sessions
 * that have not ended, of traces with an open unit, and open units themselves. Needs the rights of the schema's owner.
 */
export async function applyRetention(store: SqlLedgerStore, options: RetentionOptions): Promise<RetentionReport> {
  const run = new RetentionRun(store, options, await cutoffOf(store, options.days));
  const tables: TableRetention[] = [];
  for (const table of ['audit_log', 'api_logs'] as const) tables.push(await run.trimLog(table));
  tables.push(await run.trimUnits());
  return { cutoff: run.cutoff, tables };
}

/** The database does the calendar's arithmetic. */
async function cutoffOf(store: SqlLedgerStore, days: number): Promise<Date> {
  const [row] = await store.query<{ cutoff: Date }>('select now() - make_interval(days => $1) as cutoff', [days]);
  return row?.cutoff ?? new Date(0);
}

interface Partition {
  readonly name: string;
  readonly isOld: boolean;
}

class RetentionRun {
  readonly cutoff: Date;
  readonly #store: SqlLedgerStore;
  readonly #options: RetentionOptions;

  constructor(store: SqlLedgerStore, options: RetentionOptions, cutoff: Date) {
    this.#store = store;
    this.#options = options;
    this.cutoff = cutoff;
  }

  async trimLog(table: 'audit_log' | 'api_logs'): Promise<TableRetention> {
    const dropped: string[] = [];
    let rows = 0;
    for (const { name, isOld } of await this.#partitions(table)) {
      if (isOld && !(await this.#holdsKept(name))) {
        if (this.#options.dryRun !== true) await this.#drop(name);
        dropped.push(name);
      } else {
        rows += await this.#remove(table, name, `r.created_at < $1 and not ${this.#isKept()}`);
      }
    }
    return { table, partitions: dropped, rows };
  }

  async trimUnits(): Promise<TableRetention> {
    const old = 'r.created_at < $1 and r.ended_at < $1';
    const rows = await this.#remove('task_progress', 'task_progress', `${old} and not ${this.#isKept()}`);
    return { table: 'task_progress', partitions: [], rows };
  }

  /** The partitions that reach back beyond the cutoff; old are those that end before it. */
  #partitions(table: string): Promise<readonly (Partition & Record<string, unknown>)[]> {
    return this.#store.query<Partition & Record<string, unknown>>(
      `select name, coalesce((start + interval '1 month') at time zone 'UTC' <= $2, false) as "isOld" from (
        select relname as name, make_timestamp(left(month, 4)::integer, right(month, 2)::integer, 1, 0, 0, 0) as start
        from (
          select c.relname, substring(c.relname from '\\d{4}_\\d{2}$') as month
          from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
          where i.inhparent = to_regclass($1)
        ) partitions
      ) months where start is null or start at time zone 'UTC' < $2 order by name`,
      [qualified(this.#store.schema, table), this.cutoff],
    );
  }

  /** What stays: records of sessions asked for, of sessions that have not ended, of traces in which something runs. */
  #isKept(): string {
    const of = (table: string) => qualified(this.#store.schema, table);
    return `(coalesce(r.session_id = any($2), false)
      or coalesce(r.session_id in (select id from ${of('import_sessions')} where ended_at is null), false)
      or r.trace_id in (select trace_id from ${of('task_progress')} where ended_at is null))`;
  }

  get #values(): readonly unknown[] {
    return [this.cutoff, this.#options.keepSessions ?? []];
  }

  async #holdsKept(partition: string): Promise<boolean> {
    const name = qualified(this.#store.schema, partition);
    const sql = `select exists (select from ${name} r where r.created_at < $1 and ${this.#isKept()}) as kept`;
    const [row] = await this.#store.query<{ kept: boolean }>(sql, this.#values);
    return row?.kept === true;
  }

  async #drop(partition: string): Promise<void> {
    const sql = `drop table ${qualified(this.#store.schema, partition)}`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#store.database.transaction((connection) => connection.script(sql));
        return;
      } catch (error) {
        const { kind } = await this.#store.failure(error);
        if (kind !== 'conflict' || attempt === dropTries) throw error;
      }
    }
  }

  async #remove(table: TableRetention['table'], partition: string, where: string): Promise<number> {
    const name = qualified(this.#store.schema, partition);
    if (this.#options.dryRun === true) return this.#count(name, where);
    const { batchRows = defaultBatchRows, onProgress } = this.#options;
    const sql = `with gone as (
      delete from ${name} where ctid = any (array(select r.ctid from ${name} r where ${where} limit ${Number(batchRows)}))
      returning 1) select count(*) as n from gone`;
    let removed = 0;
    for (;;) {
      const [row] = await this.#store.database.transaction((connection) =>
        connection.query<{ n: number }>(sql, this.#values),
      );
      const gone = row?.n ?? 0;
      removed += gone;
      if (gone > 0) onProgress?.(table, removed);
      if (gone < batchRows) return removed;
    }
  }

  async #count(name: string, where: string): Promise<number> {
    const [row] = await this.#store.query<{ n: number }>(
      `select count(*) as n from ${name} r where ${where}`,
      this.#values,
    );
    return row?.n ?? 0;
  }
}
