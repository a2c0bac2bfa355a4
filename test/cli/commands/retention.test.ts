import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tables } from '../../../src/projection/tables.ts';
import { createDatabase, dropDatabase, placeEmbeddedStore, useDatabase } from '../../harness/database.ts';
import { createWorkshop } from '../../register/program.ts';
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

it('tells of a session whose items are gone what its counts tell, and doctor of what is due (S1.43)', async () => {
  const own = await createDatabase();
  onTestFinished(() => dropDatabase(own));
  const directory = temporaryDirectory();
  writeJournal(directory, sampleRecords());
  const place = { environment: { DATABASE_URL: own, SPANLEDGER_DIR: directory, SPANLEDGER_RETENTION_DAYS: days } };
  await runCli(['ship'], place);
  const growth = async () => {
    const observed = await runJson(['doctor'], place);
    return observed.find(({ subject }) => subject === 'growth');
  };
  expect(await growth()).toMatchObject({
    message: expect.stringMatching(
      / [KM]B; older than \d+ days: items of 2 sessions that are over, `spanledger retention`/,
    ),
    figures: { old: { sessions: 2, failed: 1, processes: 0 }, bytes: { import_items: expect.any(Number) } },
  });
  const removed = await runJson(['retention'], place);
  expect(removed.find(({ table }) => table === 'import_items')).toMatchObject({ rows: 5 });
  expect(await growth()).toMatchObject({ figures: { old: { sessions: 0, failed: 1, processes: 0 } } });

  const { output, code } = await runCli(['check', '12'], place);
  expect(output).toContain('note: 3 items removed by retention, the stored counts stand for them');
  expect(code).toBe(0);
  expect((await runCli(['session', '12'], place)).output).toMatch(
    / {2}total 3 .*\n.*\n {2}3 items removed by retention\n/,
  );
  expect(await runJson(['session', '12'], place)).toMatchObject([{ removed_items: 3, imported: 1 }]);
  expect((await runCli(['check', 'failing'], place)).output).not.toContain('removed by retention');

  const gone = await runJson(['retention', '--session-days', days], place);
  expect(gone.find(({ table }) => table === 'import_sessions')).toMatchObject({ rows: 3 });
  expect(await runJson(['sessions'], place)).toMatchObject([{ id: 'open' }]);
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

it('an archive that is cut short is refused', async () => {
  const directory = temporaryDirectory();
  writeJournal(directory, sampleRecords(), `of ${directory}`);
  const environment = { DATABASE_URL: database.url, SPANLEDGER_DIR: directory };
  const archive = join(directory, 'archive');
  await runCli(['ship'], { environment });
  await runCli(['retention', '--days', days, '--archive', archive], { environment });
  const [made = ''] = readdirSync(archive);
  const [name = ''] = readdirSync(join(archive, made));
  const path = join(archive, made, name);
  truncateSync(path, statSync(path).size - 20);
  const { code, errors } = await runCli(['import-csv', path], { environment });
  expect(code).toBe(1);
  expect(errors).toContain('no whole gzip file');
});

const rowsOf = async (environment: Readonly<Record<string, string>>) => {
  const rows = await runJson(['logs', '--all', '--last', '100000'], { environment });
  return rows.map(({ id: _, ...row }) => JSON.stringify(row)).sort();
};

describe('spanledger retention in Postgres', () => {
  const own = useDatabase();
  const place = () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords(), `of ${directory}`);
    return { directory, environment: { DATABASE_URL: own.url, SPANLEDGER_DIR: directory } };
  };

  it('archives what goes, and what was archived can be loaded again', async () => {
    const { directory, environment } = place();
    await runCli(['ship'], { environment });
    const before = await rowsOf(environment);
    const archive = join(directory, 'archive');
    const dry = await runCli(['retention', '--days', days, '--archive', archive, '--dry-run'], { environment });
    expect(dry).toMatchObject({ code: 0, errors: '' });
    expect(dry.output).toMatch(/\n {4}audit_log_2026_01 {2}\d+ rows\n/);
    expect(existsSync(archive)).toBe(false);

    const { output, code } = await runCli(['retention', '--days', days, '--archive', archive], { environment });
    expect(code).toBe(0);
    const [, made = ''] = /^Archived in (.*)$/m.exec(output) ?? [];
    const files = readdirSync(made).map((name) => join(made, name));
    const audit = files.find((name) => name.includes('audit_log')) ?? '';
    const lines = gunzipSync(readFileSync(audit)).toString().split('\n');
    expect(lines[0]).toBe(`id,${tables.audit_log.columns.map(({ name }) => name).join(',')}`);
    const left = await rowsOf(environment);
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(before.length);

    expect(await runCli(['import-csv', ...files], { environment })).toMatchObject({ code: 0, errors: '' });
    expect(await rowsOf(environment)).toEqual(before);
    expect(await runJson(['sessions'], { environment })).toHaveLength(4);
  });

  it('is done by `ship` once a day where that is the schedule', async () => {
    const { directory, environment: usual } = place();
    const environment = {
      ...usual,
      SPANLEDGER_RETENTION_SCHEDULE: 'daily',
      SPANLEDGER_RETENTION_DAYS: days,
      SPANLEDGER_RETENTION_ARCHIVE: join(directory, 'archive'),
    };
    const first = await runCli(['ship'], { environment });
    expect(first.errors).toMatch(/retention: [1-9]\d* rows of audit_log, .* older than \d+ days deleted/);
    expect(readdirSync(join(directory, 'archive'))).toHaveLength(1);
    expect((await runCli(['ship'], { environment })).errors).toBe('');
    expect((await runCli(['doctor'], { environment })).output).toMatch(/ok +retention +last begun at .*"audit_log":/);
  });
});

describe('spanledger retention in the embedded store', () => {
  // What it does there is the contract of every store; each call here opens the store anew, which takes half a second.
  it('is done by `ship` where that is the schedule, and its archive can be loaded again', {
    timeout: 120_000,
  }, async () => {
    const directory = temporaryDirectory();
    await placeEmbeddedStore(directory);
    writeJournal(directory, sampleRecords(), `of ${directory}`);
    const environment = { SPANLEDGER_DIR: directory };
    const archive = join(directory, 'archive');
    const before = await rowsOf(environment);
    const schedule = {
      SPANLEDGER_RETENTION_SCHEDULE: 'daily',
      SPANLEDGER_RETENTION_DAYS: days,
      SPANLEDGER_RETENTION_ARCHIVE: archive,
    };
    const { errors } = await runCli(['ship'], { environment: { ...environment, ...schedule } });
    expect(errors).toMatch(/retention: [1-9]\d* rows of audit_log, .* older than \d+ days deleted/);
    const [made = ''] = readdirSync(archive);
    const files = readdirSync(join(archive, made)).map((name) => join(archive, made, name));
    expect(await runCli(['import-csv', ...files], { environment })).toMatchObject({ code: 0, errors: '' });
    expect(await rowsOf(environment)).toEqual(before);
  });
});

describe('a program that ships', () => {
  const own = useDatabase();

  it('removes old records once a day where that is the schedule', async () => {
    const directory = temporaryDirectory();
    writeJournal(directory, sampleRecords());
    await runCli(['ship'], { environment: { DATABASE_URL: own.url, SPANLEDGER_DIR: directory } });
    const workshop = createWorkshop();
    onTestFinished(() => workshop.remove());
    const program = workshop.start({
      script: 'app.mjs',
      parameters: ['wait', 'today'],
      env: {
        DATABASE_URL: own.url,
        SPANLEDGER_RETENTION_SCHEDULE: 'daily',
        SPANLEDGER_RETENTION_DAYS: days,
        // Stalls, which a busy machine makes, are rows of their own.
        SPANLEDGER_WATCHDOG: 'off',
      },
    });
    await program.said('waiting');
    const sessions = async () => {
      const client = new pg.Client({ connectionString: own.url });
      await client.connect();
      const { rows } = await client
        .query('select distinct session_id from spanledger.audit_log order by 1')
        .finally(() => client.end());
      return rows.map(({ session_id }) => session_id);
    };
    await expect.poll(sessions, { timeout: 90_000 }).toEqual(['open', 'today']);
  });
});
