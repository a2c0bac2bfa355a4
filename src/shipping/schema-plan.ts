import { listMigrations } from './migrations.ts';

/** What the migrations make, as far as it can be missing or different in a database. */
export interface SchemaPlan {
  /** Column types by table, as `format_type` prints them. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Table of each index that has a name of ours. */
  readonly indexes: ReadonlyMap<string, string>;
  readonly views: readonly string[];
}

const object = ':"schema"\\.(\\w+)';
const columnLine = /^ {2}(\w+) (text|uuid|bigint|integer|double precision|jsonb|timestamptz)\b(\[\])?/gm;

/** Reads the plan out of the migrations themselves, in their order, so that it cannot lag behind them. */
export function readSchemaPlan(): SchemaPlan {
  const tables = new Map<string, Map<string, string>>();
  const indexes = new Map<string, string>();
  const views = new Set<string>();
  for (const { text } of listMigrations()) {
    const sql = text().replace(/^\s*--.*$/gm, '');
    for (const [, name = '', body = ''] of sql.matchAll(new RegExp(`create table ${object} \\(\\n([^;]*)`, 'g'))) {
      tables.set(name, columnsOf(body));
    }
    const added = new RegExp(`alter table ${object}\\s+add column (\\w+) (${types.join('|')})`, 'g');
    for (const [, table = '', column = '', type = ''] of sql.matchAll(added))
      tables.get(table)?.set(column, fullType(type));
    for (const [, name = '', table = ''] of sql.matchAll(
      new RegExp(`create (?:unique )?index (\\w+) on ${object}`, 'g'),
    )) {
      indexes.set(name, table);
    }
    for (const [, name = ''] of sql.matchAll(new RegExp(`drop index (?:if exists )?${object}`, 'g')))
      indexes.delete(name);
    const viewLine = new RegExp(`(create|drop) (?:or replace )?view (?:if exists )?${object}`, 'g');
    for (const [, verb, name = ''] of sql.matchAll(viewLine)) {
      if (verb === 'create') views.add(name);
      else views.delete(name);
    }
  }
  return { tables, indexes, views: [...views] };
}

const types = ['text', 'uuid', 'bigint', 'integer', 'double precision', 'jsonb', 'timestamptz'];

function columnsOf(body: string): Map<string, string> {
  return new Map(
    [...body.matchAll(columnLine)].map(([, name = '', type = '', array = '']) => [name, fullType(type) + array]),
  );
}

function fullType(type: string): string {
  return type === 'timestamptz' ? 'timestamp with time zone' : type;
}
