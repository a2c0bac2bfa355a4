import { expect, it } from 'vitest';
import { useDatabase } from '../../harness/database.ts';
import { runCli, runJson } from '../cli-process.ts';
import { sampleRecords, startAt, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();
const dayMillis = 86_400_000;
/** One day less than the age of the samples: the records are older, the database was made after. */
const days = String(Math.floor((Date.now() - startAt) / dayMillis) - 1);

it('S0.30 tells what would be deleted, keeps chosen sessions and running work, and deletes the rest', async () => {
  const directory = temporaryDirectory();
  writeJournal(directory, sampleRecords());
  const place = { environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } };
  await runCli(['ship'], place);
  const recorded = async () => {
    const rows = await runJson(['logs', '--all', '--last', '100000'], place);
    return new Set(rows.map((row) => row.session_id));
  };
  const everything = new Set(['12', '120', 'failing', 'open', null]);
  expect(await recorded()).toEqual(everything);

  const dry = await runCli(['retention', '--days', days, '--keep-session', '12', '--dry-run'], place);
  expect(dry.code).toBe(0);
  expect(dry.output).toMatch(/^Older than \d+ days, before .*Z:\n {2}audit_log +\d+ rows would be deleted\n/);
  expect(await recorded()).toEqual(everything);

  const [audit] = await runJson(['retention', '--days', days, '--keep-session', '12'], place);
  expect(audit).toMatchObject({ table: 'audit_log', dry_run: false });
  expect(Number(audit?.rows)).toBeGreaterThan(10);
  expect(await recorded()).toEqual(new Set(['12', 'open']));
  expect(await runJson(['sessions'], place)).toHaveLength(4);
  expect(await runJson(['running'], place)).toHaveLength(3);
});

it('takes the days from the settings where none are given', async () => {
  const environment = {
    DATABASE_URL: database.url,
    SPANLEDGER_RETENTION_DAYS: '36500',
    SPANLEDGER_DIR: temporaryDirectory(),
  };
  expect((await runCli(['retention', '--dry-run'], { environment })).output).toMatch(/^Older than 36500 days/);
  expect(await runCli(['retention', '--days', '0'], { environment })).toMatchObject({ code: 2 });
});
