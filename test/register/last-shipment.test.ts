import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useDatabase } from '../harness/database.ts';
import { createWorkshop, type Workshop } from './program.ts';

const database = useDatabase();
let workshop: Workshop;
beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

async function run(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

it('a program that is over at once hears that its records could not be stored', async () => {
  await run(`insert into spanledger.migrations (id, name) values (9999, 'of a later version')`);
  const env = { DATABASE_URL: database.url, SPANLEDGER_EXIT_TIMEOUT: '30000' };
  const ended = await workshop.run({ script: 'app.mjs', parameters: ['natural', 'unheard'], env });
  await run('delete from spanledger.migrations where id = 9999');
  expect(ended).toMatchObject({ code: 0, stdout: 'imported\n' });
  expect(ended.stderr).toMatch(
    /^spanledger warning: The ledger cannot be stored \(SCHEMA_NEWER\): The schema is at migration 9999, .* Upgrade spanledger here; /m,
  );
});
