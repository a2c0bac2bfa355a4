import pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { rowsOf } from '../../../src/projection/rows.ts';
import { createPostgresStore } from '../../../src/shipping/postgres-store.ts';
import { useDatabase } from '../../harness/database.ts';
import { runCli, runJson } from '../cli-process.ts';
import { sampleOwner, sampleRecords, temporaryDirectory } from '../written-ledger.ts';

const database = useDatabase();
const place = () => ({ environment: { DATABASE_URL: database.url } });

beforeAll(async () => {
  const store = createPostgresStore({ connectionString: database.url });
  const rows = sampleRecords().flatMap((record) => rowsOf(record, sampleOwner));
  await store.ship({ owner: sampleOwner, segment: '00000001', from: 0, to: 1, rows, records: rows.length });
  await store.close();
});

async function alter(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

it('finds nothing wrong with what a run left behind', async () => {
  const { output, errors, code } = await runCli(['check', '--since', '2026-01-01'], place());
  expect({ output, errors, code }).toEqual({ output: '4 checked, 0 inconsistent.\n', errors: '', code: 0 });
});

it('tells of one session that it is consistent, and what is worth knowing', async () => {
  const { output, code } = await runCli(['check', '12'], place());
  expect(code).toBe(0);
  expect(output).toMatch(/^12 {2}imported {2}consistent\n {2}note: partial: 1 imported, 1 failed/);
});

it('exits with 1 and names the rule when a session disagrees with its items', async () => {
  await alter(`update spanledger.import_items set state = 'moving' where session_id = '12' and id = 'a.jpg'`);
  const { output, code } = await runCli(['check', '12'], place());
  expect(code).toBe(1);
  expect(output).toContain('12  imported  INCONSISTENT');
  expect(output).toMatch(/rule 2: .*1 of 3 items are not finished\.\n {4}-> /);
  expect(output).toMatch(/rule 8: The stored counts differ/);
  const checks = await runCli(['check', '--since', '2026-01-01', '--json'], place());
  expect(checks.code).toBe(1);
  const inconsistent = checks.output.split('\n').filter((line) => line.includes('"consistent":false'));
  expect(inconsistent.map((line) => JSON.parse(line).session_id)).toEqual(['12']);
});

it('exits with 1 when a row was changed behind the back of the transitions', async () => {
  await alter(`update spanledger.import_sessions set state = 'failed' where id = '120'`);
  const { output, code } = await runCli(['check', '120'], place());
  expect(code).toBe(1);
  expect(output).toMatch(/rule 8: The stored state is failed, the last recorded transition led to imported\./);
});

it('leaves out sessions that ended before --since', async () => {
  const { output } = await runCli(['check', '--since', '2026-01-31T10:00:00Z', '--json'], place());
  const checked = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).session_id);
  expect(checked.toSorted()).toEqual(['failing', 'open']);
});

it('S1.37 S1.40 records its findings in full where asked to, and stats counts them by day', async () => {
  const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: temporaryDirectory() };
  expect((await runCli(['check', '12', '--record'], { environment })).code).toBe(1);
  const [recorded] = await runJson(['logs', '--event', 'consistency.check'], { environment });
  expect(recorded).toMatchObject({ session_id: '12', level: 'warning', category: 'consistency' });
  expect(recorded?.details).toMatchObject({ state: 'imported', issues: [{ rule: 2 }, { rule: 6 }, { rule: 8 }] });
  const [figures] = await runJson(['stats', '--since', '1h'], { environment });
  expect(figures?.inconsistencies).toEqual([{ name: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), count: 1 }]);
});
