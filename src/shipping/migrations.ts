import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { quoteIdentifier } from './identifier.ts';

/** One step of the schema. Its file is psql's dialect: `psql -v schema=spanledger -f` runs it as well. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  /** The statements for a schema of this name. */
  sql(schema: string): string;
  /** The file as it stands, `:"schema"` for the name of the schema. */
  text(): string;
}

const directory = new URL('./migrations/', import.meta.url);
const fileName = /^(\d{4})-([a-z-]+)\.sql$/;

let listed: readonly Migration[] | undefined;

/** Every migration this version knows, in order, numbered from 1 without gaps. */
export function listMigrations(): readonly Migration[] {
  listed ??= readdirSync(fileURLToPath(directory)).sort().flatMap(toMigration);
  return listed;
}

/** The number of the last migration this version knows. */
export function latestMigration(): number {
  return listMigrations().length;
}

function toMigration(file: string): readonly Migration[] {
  const match = fileName.exec(file);
  if (match === null) return [];
  const [, id, name] = match;
  const text = () => readFileSync(new URL(file, directory), 'utf8');
  const sql = (schema: string) => text().replaceAll(':"schema"', () => quoteIdentifier(schema));
  return [{ id: Number(id), name: name ?? '', sql, text }];
}
