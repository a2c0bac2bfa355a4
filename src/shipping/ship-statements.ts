import { type TableName, tables } from '../projection/tables.ts';
import { qualified, quoteIdentifier } from './identifier.ts';
import { type UpsertStatements, upsertStatements } from './upsert-sql.ts';

/** What a shipment moves its offset by, each as an SQL expression: a parameter or a literal. */
export interface ClaimValues {
  readonly instanceId: string;
  readonly segment: string;
  readonly from: string;
  readonly to: string;
  readonly records: string;
  readonly deadLetters: string;
  readonly at: string;
}

/** The owner of a journal, each field as an SQL expression. */
export interface OwnerValues {
  readonly instanceId: string;
  readonly service: string;
  readonly host: string;
  readonly pid: string;
  readonly startedAt: string;
}

/** Statements of a schema, made once. */
export interface ShipStatements {
  /** The migration they are made for. */
  readonly migration: number;
  /**
   * Moves the offset of a segment on, and answers it with the migration of the schema; no row, if the offset is another. The
   * first claim of a segment makes its row.
   */
  claim(values: ClaimValues, isFirst: boolean): string;
  readonly offset: string;
  introduce(values: OwnerValues): string;
  readonly copyTargets: Readonly<Record<TableName, string>>;
  readonly upserts: Readonly<Partial<Record<TableName, UpsertStatements>>>;
}

export function shipStatements(schema: string, migration: number): ShipStatements {
  const shipments = qualified(schema, 'shipments');
  const all = Object.values(tables);
  return {
    migration,
    claim: claimIn(shipments, qualified(schema, 'migrations')),
    offset: `select end_offset from ${shipments} where instance_id = $1 and segment = $2`,
    introduce: ({ instanceId, service, host, pid, startedAt }) => `insert into ${qualified(schema, 'instances')}
      (instance_id, service_name, host, pid, started_at, last_seen_at)
      values (${[instanceId, service, host, pid, startedAt, startedAt].join(', ')}) on conflict (instance_id) do nothing`,
    copyTargets: Object.fromEntries(
      all.map((table) => [table.name, `${qualified(schema, table.name)} (${columnList(table.name)})`]),
    ) as Record<TableName, string>,
    upserts: Object.fromEntries(
      all.filter(({ key }) => key.length > 0).map((table) => [table.name, upsertStatements(table, schema, migration)]),
    ),
  };
}

function claimIn(shipments: string, migrations: string): ShipStatements['claim'] {
  const returning = `returning end_offset, (select max(id) from ${migrations}) as migration`;
  return ({ instanceId, segment, from, to, records, deadLetters, at }, isFirst) => {
    const moved = `end_offset = ${to}, records = t.records + ${records}, dead_letters = t.dead_letters + ${deadLetters},
      updated_at = ${at}`;
    if (!isFirst)
      return `update ${shipments} as t set ${moved}
        where instance_id = ${instanceId} and segment = ${segment} and end_offset = ${from} ${returning}`;
    return `insert into ${shipments} as t (instance_id, segment, end_offset, records, dead_letters, updated_at)
      values (${[instanceId, segment, to, records, deadLetters, at].join(', ')})
      on conflict (instance_id, segment) do update set ${moved} where t.end_offset = ${from} ${returning}`;
  };
}

function columnList(table: TableName): string {
  return tables[table].columns.map(({ name }) => quoteIdentifier(name)).join(', ');
}
