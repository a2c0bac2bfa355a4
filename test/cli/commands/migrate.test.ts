import { expect, it } from 'vitest';
import { listMigrations } from '../../../src/shipping/migrations.ts';
import { useDatabase } from '../../harness/database.ts';
import { runCli, runJson } from '../cli-process.ts';

const database = useDatabase('empty');
const latest = listMigrations().length;

it('S1.36 current, history, up, current again', async () => {
  const environment = { DATABASE_URL: database.url, SPANLEDGER_SCHEMA: 'own-schema' };
  const migrate = (action: string) => runCli(['migrate', action], { environment });
  const rows = (action: string) => runJson(['migrate', action], { environment });

  const before = await migrate('current');
  expect(before.code).toBe(1);
  expect(before.output).toContain(`migration 0 of ${latest}; run \`spanledger migrate up\``);
  expect((await rows('history')).map((row) => row.applied_at)).toEqual(new Array(latest).fill(null));

  const up = await migrate('up');
  expect(up.code).toBe(0);
  expect(up.output.trimEnd().split('\n')).toHaveLength(latest);

  expect(await rows('current')).toMatchObject([{ current: latest, latest }]);
  for (const row of await rows('history')) expect(row.applied_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect((await migrate('up')).output).toContain(`is up to date at migration ${latest}.`);
});

it('refuses an action that does not exist', async () => {
  const { errors, code } = await runCli(['migrate', 'down'], { environment: { DATABASE_URL: database.url } });
  expect(code).toBe(2);
  expect(errors).toContain('Allowed choices are current, history, up');
});
