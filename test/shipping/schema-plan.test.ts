import pg from 'pg';
import { expect, it } from 'vitest';
import { tables } from '../../src/projection/tables.ts';
import { readSchemaPlan } from '../../src/shipping/schema-plan.ts';
import { useDatabase } from '../harness/database.ts';

const database = useDatabase();
const plan = readSchemaPlan();

it('has the columns that writers fill', () => {
  for (const { name, columns } of Object.values(tables)) {
    const filled = columns.map((column) => column.name);
    // The identity column of append-only tables fills itself.
    const planned = [...(plan.tables.get(name)?.keys() ?? [])];
    expect(planned).toEqual(expect.arrayContaining(filled));
    expect(planned.filter((column) => !filled.includes(column))).toEqual(tables[name].key.length === 0 ? ['id'] : []);
  }
});

it('misses no table, view or index of a real database', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client
    .query(
      `select c.relname as name, c.relkind as kind from pg_class c
        where c.relnamespace = 'spanledger'::regnamespace and c.relkind in ('r', 'p', 'v', 'i', 'I') and not c.relispartition
          and not exists (select from pg_index x where x.indexrelid = c.oid and x.indisprimary) order by 1`,
    )
    .finally(() => client.end());
  const named = (kinds: string) => rows.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  expect([...plan.tables.keys(), 'migrations'].sort()).toEqual(named('rp').sort());
  expect([...plan.views].sort()).toEqual(named('v').sort());
  expect([...plan.indexes.keys()].sort()).toEqual(named('iI').sort());
});
