import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type TableName, tables } from '../../../src/projection/tables.ts';
import { createDatabase, dropDatabase, useDatabase } from '../../harness/database.ts';
import { runCli, runJson } from '../cli-process.ts';
import { heldDirectory, sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();
const directory = heldDirectory();
const exported = heldDirectory();
const names = Object.keys(tables) as TableName[];
const files = names.map((name) => join(exported, `${name}.csv`));

beforeAll(async () => {
  writeJournal(directory, sampleRecords());
  const place = { environment: { DATABASE_URL: 'postgres://u@127.0.0.1:1/x', SPANLEDGER_DIR: directory } };
  const { code, errors } = await runCli(['export', '--from-journal', '--out', exported], place);
  if (code !== 0) throw new Error(errors);
});

async function imported(url: string, folder: string, paths: readonly string[] = files) {
  return runJson(['import-csv', ...paths], { environment: { DATABASE_URL: url, SPANLEDGER_DIR: folder } });
}

it('S3.15 loads what was exported from the journals while the database was down', async () => {
  const own = await createDatabase();
  const reports = await imported(own, temporaryDirectory());
  expect(reports.every((report) => report.read === report.stored)).toBe(true);
  const place = { environment: { DATABASE_URL: own, SPANLEDGER_DIR: temporaryDirectory() } };
  expect((await runJson(['sessions'], place)).map((row) => row.id)).toEqual(['open', 'failing', '120', '12']);
  const again = temporaryDirectory();
  await runCli(['export', '--out', again], place);
  for (const name of names) {
    const lines = (folder: string) =>
      readFileSync(join(folder, `${name}.csv`), 'utf8')
        .split('\n')
        .toSorted();
    expect(lines(again), name).toEqual(lines(exported));
  }
  await dropDatabase(own);
});

it('stores nothing twice: neither a second time, nor what the journals bring', async () => {
  const first = await imported(database.url, directory);
  expect(first.map((report) => report.stored)).toEqual(names.map(() => 0));
  const second = await imported(database.url, directory);
  expect(second.map((report) => report.stored)).toEqual(names.map(() => 0));
  const place = { environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } };
  expect(await runJson(['logs', '--session-id', '12', '--event', 'import.file.saved'], place)).toHaveLength(1);
});

it('tells line, code and reason of a row that the database refuses, and stores the others', async () => {
  const own = await createDatabase();
  const folder = temporaryDirectory();
  const path = join(folder, 'audit_log.csv');
  const lines = readFileSync(join(exported, 'audit_log.csv'), 'utf8').split('\n');
  writeFileSync(path, lines.map((line, index) => (index === 3 ? line.replace(',info,', ',loud,') : line)).join('\n'));
  const place = { environment: { DATABASE_URL: own, SPANLEDGER_DIR: folder } };
  const { output, errors, code } = await runCli(['import-csv', path], place);
  expect(code).toBe(1);
  expect(output).toMatch(/^audit_log\.csv {2}(\d+) rows read, \d+ stored, 0 there already, 1 refused\n$/);
  expect(errors).toContain(`${path}, line 4: 23514: `);
  await dropDatabase(own);
});

it('refuses a file that is no export, and takes one of another name with --table', async () => {
  const folder = temporaryDirectory();
  const strange = join(folder, 'strange.csv');
  writeFileSync(strange, 'id,nonsense\n1,2\n');
  const place = { environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } };
  const unknown = await runCli(['import-csv', strange], place);
  expect(unknown.code).toBe(1);
  expect(unknown.errors).toMatch(/^SPANLEDGER_CSV_HEADER_INVALID: .*strange\.csv is no export/);
  expect((await runCli(['import-csv', strange, '--table', 'import_items'], place)).errors).toContain('nonsense');
  const renamed = join(folder, 'renamed.csv');
  writeFileSync(renamed, readFileSync(join(exported, 'import_items.csv')));
  expect((await runCli(['import-csv', renamed, '--table', 'import_items'], place)).code).toBe(0);
  expect((await runCli(['import-csv', join(folder, 'absent.csv'), '--table', 'import_items'], place)).code).toBe(1);
});
