import type { SqlConnection } from './sql-connection.ts';

/** Rows as text, in an order, with the names of their columns. */
export interface TextSelect {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** One row, each cell as Postgres prints it in UTC. */
export type TextRow = Readonly<Record<string, string | null>>;

const pageRows = 5_000;

/** Reads all rows of a statement through a cursor, a page at a time, within the transaction of `connection`. */
export async function* readPages(
  connection: SqlConnection,
  { sql, parameters }: TextSelect,
): AsyncGenerator<readonly TextRow[], void> {
  await connection.script(`set local timezone to 'UTC'`);
  await connection.query(`declare exported no scroll cursor for ${sql}`, parameters);
  for (;;) {
    const rows = await connection.query<Record<string, string | null>>(`fetch ${pageRows} from exported`);
    if (rows.length === 0) break;
    yield rows;
  }
  await connection.script('close exported');
}
