import { SpanledgerError } from '../domain/errors.ts';

/** A word, dashes allowed, within Postgres' 63 bytes: so it can stand quoted anywhere in a statement, dollar quotes included. */
const schemaName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;

/**
 * Checks a schema name before it gets near a statement.
 *
 * @throws SpanledgerError SETTING_INVALID
 */
export function parseSchemaName(name: string): string {
  if (schemaName.test(name) && !name.startsWith('pg_')) return name;
  const details = {
    source: 'The schema setting',
    name: 'schema',
    value: JSON.stringify(name),
    expected: 'a name of letters, digits, - and _, at most 63, not beginning with pg_',
  };
  throw new SpanledgerError('SETTING_INVALID', { details });
}

/** `name` as a quoted identifier. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function qualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
