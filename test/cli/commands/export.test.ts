import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TableName, tables } from '../../../src/projection/tables.ts';
import { useDatabase } from '../../harness/database.ts';
import { type CliPlace, runCli, runJson } from '../cli-process.ts';
import { heldDirectory, sampleRecords, temporaryDirectory, writeJournal } from '../written-ledger.ts';

const database = useDatabase();
const directory = heldDirectory();
const place = (): CliPlace => ({ environment: { DATABASE_URL: database.url, SPANLEDGER_DIR: directory } });

beforeAll(async () => {
  writeJournal(directory, sampleRecords());
  const shipped = await runCli(['ship'], place());
  if (shipped.code !== 0) throw new Error(shipped.errors);
});

function rowsIn(folder: string, table: TableName): string[] {
  const [header, ...rows] = parse(readFileSync(join(folder, `${table}.csv`), 'utf8')) as string[][];
  expect(header).toEqual(tables[table].columns.map(({ name }) => name));
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

describe('spanledger export', () => {
  it('writes every table with its columns, from the database, for nobody else to read', async () => {
    const out = join(temporaryDirectory(), 'out');
    const { output, errors, code } = await runCli(['export', '--format', 'csv', '--out', out], place());
    expect(code).toBe(0);
    expect(errors).toMatch(/^exported from .*\n$/);
    expect(output.trimEnd().split('\n')).toHaveLength(Object.keys(tables).length);
    expect(rowsIn(out, 'import_sessions')).toHaveLength(4);
    expect(rowsIn(out, 'import_items')).toHaveLength(9);
    expect(statSync(join(out, 'audit_log.csv')).mode & 0o777).toBe(0o600);
  });

  it('writes the same from the journals alone', async () => {
    const [fromStore, fromJournal] = [temporaryDirectory(), temporaryDirectory()];
    await runCli(['export', '--out', fromStore], place());
    const { errors, code } = await runCli(['export', '--from-journal', '--out', fromJournal], place());
    expect(code).toBe(0);
    expect(errors).toMatch(/^exported from the journals in /);
    for (const table of Object.keys(tables) as TableName[]) {
      expect(rowsIn(fromJournal, table), table).toEqual(rowsIn(fromStore, table));
    }
  });

  it('turns to the journals when the database cannot be reached, and says so', async () => {
    const out = temporaryDirectory();
    const environment = { DATABASE_URL: 'postgres://u@127.0.0.1:1/x', SPANLEDGER_DIR: directory };
    const { errors, code } = await runCli(['export', '--out', out], { environment });
    expect(code).toBe(0);
    expect(errors).toMatch(/^note: The database .* cannot be reached.*\nexported from the journals in /);
    expect(rowsIn(out, 'import_sessions')).toHaveLength(4);
  });

  it.each([[[]], [['--from-journal']]])('takes only the chosen tables, session and time %j', async (source) => {
    const out = temporaryDirectory();
    const chosen = ['--table', 'audit_log', '--table', 'import_items', '--session-id', '12'];
    const files = await runJson(['export', '--out', out, ...chosen, ...source], place());
    expect(files.map((file) => file.table)).toEqual(['audit_log', 'import_items']);
    expect(rowsIn(out, 'import_items')).toHaveLength(3);
    const since = ['--table', 'import_sessions', '--since', '2026-01-31T10:00:00Z'];
    await runCli(['export', '--out', out, ...since, ...source], place());
    expect(rowsIn(out, 'import_sessions')).toHaveLength(2);
  });

  it('knows no other format and no other table', async () => {
    expect(await runCli(['export', '--format', 'xml'], place())).toMatchObject({ code: 2 });
    expect(await runCli(['export', '--table', 'pg_authid'], place())).toMatchObject({ code: 2 });
  });
});

describe('spanledger ship', () => {
  it('ships each record once', async () => {
    const again = await runCli(['ship', '--json'], place());
    expect(JSON.parse(again.output)).toMatchObject({ status: 'caught-up', records: 0, dead_letters: 0 });
    expect(again.code).toBe(0);
  });

  it('ends with 3 when the database cannot be reached', async () => {
    const environment = { DATABASE_URL: 'postgres://u@127.0.0.1:1/x', SPANLEDGER_DIR: directory };
    expect(await runCli(['ship'], { environment })).toMatchObject({ code: 3, output: '' });
  });
});
