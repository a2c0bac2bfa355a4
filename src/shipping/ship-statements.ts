import { type TableName, tables } from '../projection/tables.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import { type UpsertStatements, upsertStatements } from './upsert-sql.ts';

/** Statements of a schema, made once. */
export interface ShipStatements {
  /** The migration they are made for. */
  readonly migration: number;
  /** Moves the offset of a segment on, and answers it with the migration of the schema; no row, if the offset is another. */
  readonly claimNext: string;
  /** The same for a segment that may have no offset yet. */
  readonly claimFirst: string;
  /** Answers `end_offset`, where anything is known of the segment. */
  readonly offset: string;
  /** Answers whether the segment `$8` was stored whole before, with the row of a later one standing for it now. */
  readonly introduce: string;
  readonly copyTargets: Readonly<Record<TableName, string>>;
  readonly upserts: Readonly<Partial<Record<TableName, UpsertStatements>>>;
}

export function shipStatements(schema: string, migration: number): ShipStatements {
  const shipments = qualified(schema, 'shipments');
  const returning = `returning end_offset, (select max(id) from ${qualified(schema, 'migrations')}) as migration`;
  const moved = `end_offset = $4, records = t.records + $5, dead_letters = t.dead_letters + $6, updated_at = $7`;
  const all = Object.values(tables);
  return {
    migration,
    claimFirst: `insert into ${shipments} as t (instance_id, segment, end_offset, records, dead_letters, updated_at)
      values ($1, $2, $4, $5, $6, $7)
      on conflict (instance_id, segment) do update set ${moved} where t.end_offset = $3 ${returning}`,
    claimNext: `update ${shipments} as t set ${moved} where instance_id = $1 and segment = $2 and end_offset = $3 ${returning}`,
    offset: offsetStatement(shipments),
    introduce: `with told as (
        insert into ${qualified(schema, 'instances')}
          (instance_id, service_name, host, pid, started_at, last_seen_at, service_version, service_revision)
        values ($1, $2, $3, $4, $5, $5, $6, $7)
        on conflict (instance_id) do nothing)
      select exists (select from ${shipments} f where ${standsFor('$1', '$8')}) as is_stored`,
    copyTargets: Object.fromEntries(
      all.map((table) => [table.name, `${qualified(schema, table.name)} (${columnList(table.name)})`]),
    ) as Record<TableName, string>,
    upserts: Object.fromEntries(
      all.filter(({ key }) => key.length > 0).map((table) => [table.name, upsertStatements(table, schema, migration)]),
    ),
  };
}

/** An offset behind everything that a segment may hold. */
export const wholeSegment = Number.MAX_SAFE_INTEGER;

/** Asks for the offset of a segment, `$1` and `$2`, in a table of offsets; no row where nothing is known of it. */
export function offsetStatement(shipments: string): string {
  return `select end_offset from ${shipments} where instance_id = $1 and segment = $2
    union all select ${wholeSegment}::bigint from ${shipments} f where ${standsFor('$1', '$2')}
      and not exists (select from ${shipments} where instance_id = $1 and segment = $2)
    limit 1`;
}

/** Condition for rows `f` of `shipments` that stand for a segment of theirs, one of the same lane between their first and their own. */
function standsFor(instanceId: string, segment: string): string {
  return `f.instance_id = ${instanceId} and f.first_segment is not null
    and ${laneSql('f.segment')} = ${laneSql(segment)}
    and ${numberSql('f.first_segment')} <= ${numberSql(segment)} and ${numberSql('f.segment')} > ${numberSql(segment)}`;
}

/** What the names of the segments of one lane begin with, as the journal names them. */
export function laneSql(segment: string): string {
  return `regexp_replace(${segment}, '[0-9]+$', '')`;
}

/** The number of a segment within its lane. */
export function numberSql(segment: string): string {
  return `substring(${segment} from '[0-9]+$')::numeric`;
}

function columnList(table: TableName): string {
  return tables[table].columns.map(({ name }) => quoteIdentifier(name)).join(', ');
}
