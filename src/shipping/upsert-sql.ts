import type { Table } from '../projection/tables.ts';
import { qualified, quoteIdentifier } from './identifier.ts';

/** A temporary table with the columns of a table, for rows on their way to it. */
export interface StagingTable {
  /** Its name. */
  readonly staging: string;
  /** Makes it, once for each connection. */
  readonly stage: string;
  /** Where COPY puts the rows. */
  readonly copyTarget: string;
  /** Empties it, before the commit. */
  readonly clear: string;
  /** The columns, quoted. */
  readonly list: string;
}

/** Up to this size rows are deleted one by one. */
const truncatedBytes = 256 * 1024;

/**
 * It lasts as long as its connection: made anew in each transaction it would cost the catalogs some sixty dead rows and a
 * millisecond each time. It is emptied by hand: `on commit delete rows` cuts three files at each commit, however few rows there were. `migration` is part of its name: a connection that outlives a
 * migration does not use the old form. Its types are those of the migrations and not of the table as it is: a column that somebody cuts
 * refuses rows when they are moved to it, and takes them again as soon as it is mended.
 */
export function stagingTable(table: Table<string>, schema: string, migration: number): StagingTable {
  const name = quoteIdentifier(`spanledger_${schema}_${table.name}_${migration}`.slice(-63));
  const list = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const typed = table.columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(', ');
  const staging = `pg_temp.${name}`;
  return {
    staging,
    stage: `create temporary table if not exists ${name} (${typed})`,
    copyTarget: `${staging} (${list})`,
    clear: `do $clear$ begin
      if pg_relation_size('${staging}') > ${truncatedBytes} then truncate ${staging}; else delete from ${staging}; end if;
    end $clear$`,
    list,
  };
}

/** Statements that move the rows of one upserted table from its staging table to their place. */
export interface UpsertStatements {
  readonly stage: string;
  readonly copyTarget: string;
  /** Moves rows forward, and makes those that are not there. */
  readonly merge: string;
  /** Moves rows forward that are there; for rows that tell too little to make one. */
  readonly advance: string | undefined;
  readonly clear: string;
}

/** A column without which a row is no whole row, by table: `task_progress` gets progress rows that know only their unit's ids. */
const wholeRowColumn: Readonly<Record<string, string>> = { task_progress: 'step_name' };

/** A state and what belongs to it are told together: an end is taken back when a new state tells of none. */
const toldWithState: readonly string[] = ['ended_at'];

/** What the end of a unit tells: with an end of its own it is told anew, and what somebody else said of its end goes. */
const toldWithEnd: readonly string[] = ['error_message', 'stack_trace', 'output_data', 'duration_ms'];

/**
 * Rows move forward only: a lower or equal version changes nothing. What the new version does not tell keeps its value. Rows are
 * taken in order of their key, so that two shippers lock them in the same order.
 */
export function upsertStatements(table: Table, schema: string, migration: number): UpsertStatements {
  const target = qualified(schema, table.name);
  const { staging, stage, copyTarget, clear, list } = stagingTable(table, schema, migration);
  const key = table.key.map(quoteIdentifier).join(', ');
  const whole = wholeRowColumn[table.name];
  return {
    stage,
    copyTarget,
    clear,
    merge: `insert into ${target} as t (${list})
      select ${list} from ${staging} ${whole === undefined ? '' : `where ${whole} is not null`} order by ${key}
      on conflict (${key}) do update set ${assignments(table, 'excluded')} where t.version < excluded.version`,
    advance:
      whole === undefined
        ? undefined
        : `update ${target} as t set ${assignments(table, 's')} from ${staging} as s
      where s.${whole} is null and t.version < s.version and ${table.key.map((name) => `t.${name} = s.${name}`).join(' and ')}`,
  };
}

function assignments(table: Table, source: string): string {
  return table.columns
    .filter(({ name }) => !table.key.includes(name))
    .map(({ name }) => `${quoteIdentifier(name)} = ${assigned(table, source, name)}`)
    .join(', ');
}

function assigned(table: Table, source: string, name: string): string {
  const column = quoteIdentifier(name);
  const kept = `coalesce(${source}.${column}, t.${column})`;
  if (table.name === 'task_progress' && name === 'created_at') return `least(${source}.${column}, t.${column})`;
  if (table.name === 'task_progress') return assignedProgress(source, column, name);
  const hasState = table.columns.some((other) => other.name === 'state');
  if (!hasState || !toldWithState.includes(name)) return kept;
  return `case when ${source}.state is null then ${kept} else ${source}.${column} end`;
}

/** A unit that has ended is not opened again, by no record that comes later: only another end takes the place of an end. */
function assignedProgress(source: string, column: string, name: string): string {
  const kept = `coalesce(${source}.${column}, t.${column})`;
  if (name === 'status') {
    return `case when ${source}.ended_at is null and t.ended_at is not null then t.status else ${kept} end`;
  }
  return toldWithEnd.includes(name)
    ? `case when ${source}.ended_at is null then ${kept} else ${source}.${column} end`
    : kept;
}
