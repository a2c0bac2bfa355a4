import { quoteIdentifier } from './identifier.ts';
import type { SqlLedgerStore } from './ledger-store.ts';
import { readSchemaPlan, type SchemaPlan } from './schema-plan.ts';

/** Where a database differs from what the migrations made, and what to do about it. */
export interface SchemaFault {
  readonly subject: 'columns' | 'indexes' | 'partitions';
  readonly message: string;
  readonly action: string;
}

/**
 * Compares the database with the migrations: tables, columns and their types, views, indexes, partitions. What others have added and
 * hurts nobody (a column that may be empty, an index) is no fault. Reads the catalog only, and the default partitions.
 */
export async function findSchemaFaults(store: SqlLedgerStore): Promise<readonly SchemaFault[]> {
  const plan = readSchemaPlan();
  return [
    ...(await findColumnFaults(store, plan)),
    ...(await findIndexFaults(store, plan)),
    ...(await findPartitionFaults(store)),
  ];
}

const restoring =
  'Undo the change by hand, or restore the schema from a fresh `spanledger migrate up` elsewhere; records wait in the journal.';

interface CatalogColumn extends Record<string, unknown> {
  readonly relation: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly isDemanded: boolean;
}

async function findColumnFaults(store: SqlLedgerStore, plan: SchemaPlan): Promise<readonly SchemaFault[]> {
  const rows = await store.query<CatalogColumn>(
    `select c.relname as relation, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
        coalesce(a.attnotnull and not a.atthasdef and a.attidentity = '', false) as "isDemanded"
      from pg_catalog.pg_class c
      left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = to_regnamespace($1) and c.relname = any($2::text[])`,
    [quoteIdentifier(store.schema), [...plan.tables.keys(), ...plan.views]],
  );
  const present = new Set(rows.map(({ relation }) => relation));
  const missing = [...plan.tables.keys(), ...plan.views].filter((name) => !present.has(name));
  const differences = [...plan.tables]
    .filter(([name]) => present.has(name))
    .flatMap(([table, columns]) => {
      const actual = new Map(rows.filter(({ relation }) => relation === table).map((row) => [row.name, row]));
      return [...columnDifferences(table, columns, actual)];
    });
  return [...missing.map((name) => `${name} is not there`), ...differences].map((message) => ({
    subject: 'columns',
    message,
    action: restoring,
  }));
}

function* columnDifferences(
  table: string,
  columns: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string | null, CatalogColumn>,
): Generator<string, void> {
  for (const [name, type] of columns) {
    const found = actual.get(name);
    if (found === undefined) yield `${table}.${name} is not there`;
    else if (found.type !== type) yield `${table}.${name} is ${found.type} and should be ${type}`;
  }
  for (const { name, isDemanded } of actual.values()) {
    if (name !== null && isDemanded && !columns.has(name))
      yield `${table}.${name} must not be null, and nobody fills it`;
  }
}

async function findIndexFaults(store: SqlLedgerStore, plan: SchemaPlan): Promise<readonly SchemaFault[]> {
  const rows = await store.query<{ name: string; table: string; isPrimary: boolean; isValid: boolean }>(
    `select i.relname as name, t.relname as table, x.indisprimary as "isPrimary", x.indisvalid and x.indisready as "isValid"
      from pg_catalog.pg_index x
      join pg_catalog.pg_class i on i.oid = x.indexrelid
      join pg_catalog.pg_class t on t.oid = x.indrelid
      where t.relnamespace = to_regnamespace($1) order by i.relname`,
    [quoteIdentifier(store.schema)],
  );
  const invalid = rows
    .filter(({ isValid }) => !isValid)
    .map(
      ({ name, table }): SchemaFault => ({
        subject: 'indexes',
        message: `index ${name} of ${table} is invalid: it costs every write and answers no query`,
        action: `Run \`reindex index concurrently ${store.schema}.${name}\`; for an index of a partitioned table, of each partition.`,
      }),
    );
  const names = new Set(rows.map(({ name }) => name));
  const missing = [...plan.indexes]
    .filter(([name]) => !names.has(name))
    .map(
      ([name, table]): SchemaFault => ({
        subject: 'indexes',
        message: `index ${name} of ${table} is missing: the query that it is for reads the whole table`,
        action:
          'Create it again as docs/tables.md shows it, with `create index concurrently` where the table has no partitions.',
      }),
    );
  const keyed = new Set(rows.filter(({ isPrimary }) => isPrimary).map(({ table }) => table));
  const keyless = [...plan.tables.keys()]
    .filter((table) => !keyed.has(table))
    .map(
      (table): SchemaFault => ({
        subject: 'indexes',
        message: `${table} has no primary key`,
        action: 'Create it again as docs/tables.md shows it; until then rows can be stored twice, or not at all.',
      }),
    );
  return [...invalid, ...missing, ...keyless];
}

const partitioned = ['audit_log', 'api_logs'] as const;

async function findPartitionFaults(store: SqlLedgerStore): Promise<readonly SchemaFault[]> {
  const rows = await store.query<{ name: string; isAttached: boolean }>(
    `select c.relname as name, c.relispartition as "isAttached" from pg_catalog.pg_class c
      where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p')
        and c.relname ~ '^(audit_log|api_logs)_(default|[0-9]{4}_[0-9]{2})$' order by c.relname`,
    [quoteIdentifier(store.schema)],
  );
  const faults: SchemaFault[] = rows
    .filter(({ isAttached }) => !isAttached)
    .map(({ name }) => ({
      subject: 'partitions',
      message: `${name} is a table of its own: its rows are in no query`,
      action: `Attach it (\`alter table ... attach partition\`) or drop it; while it is there its month cannot be made.`,
    }));
  for (const parent of partitioned) {
    const name = `${parent}_default`;
    const found = rows.find((row) => row.name === name);
    if (found === undefined) {
      faults.push({
        subject: 'partitions',
        message: `${name} is not there: a record of a month without a partition is refused`,
        action: `Run \`create table ${store.schema}.${name} partition of ${store.schema}.${parent} default\`.`,
      });
    } else faults.push(...(await findMisplaced(store, parent)));
  }
  return faults;
}

/** Rows of the months for which shippers make partitions have no business in the default partition. */
async function findMisplaced(store: SqlLedgerStore, parent: string): Promise<readonly SchemaFault[]> {
  const months = await store.query<{ month: string }>(
    `select month::date::text as month
      from generate_series(date_trunc('month', now() at time zone 'UTC') - interval '24 months',
        date_trunc('month', now() at time zone 'UTC') + interval '2 months', interval '1 month') month
      where exists (select from ${parent}_default r where r.created_at >= month at time zone 'UTC'
        and r.created_at < (month + interval '1 month') at time zone 'UTC') order by month`,
  );
  return months.map(({ month }) => ({
    subject: 'partitions',
    message: `rows of ${month.slice(0, 7)} are in ${parent}_default, where every query looks`,
    action: `Run \`select ${store.schema}.ensure_partition('${parent}', '${month}')\`: it makes the month and moves them.`,
  }));
}
