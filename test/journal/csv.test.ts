import { once } from 'node:events';
import { createReadStream, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCsv } from '../../src/journal/csv.ts';
import { parseCellText, toCellText } from '../../src/journal/csv-cell.ts';
import { importCsv } from '../../src/journal/csv-import.ts';
import { toJsonbText } from '../../src/journal/jsonb-text.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { rowsOf } from '../../src/projection/rows.ts';
import {
  type ArchivedTableName,
  archivedTables,
  type ColumnType,
  type Row,
  type TableName,
  tables,
} from '../../src/projection/tables.ts';
import { useDatabase } from '../harness/database.ts';
import { createPlace } from './journal-place.ts';
import { createEnd, createEvent, createOwner, createRequest, createStart, sampleTime } from './sample-records.ts';

const nasty = ['', ' ', '"', ',', '\n', '\r\n', ';', "'", '\\.', 'NULL', '\u0001', 'é漢😀', 'a,"b"\n', '=1+1', '﻿'];

/** A directory whose journal holds the records, and where its CSV files are. */
async function exported(records: readonly LedgerRecord[], more: Partial<Parameters<typeof exportCsv>[0]> = {}) {
  const directory = createPlace();
  const journal = openJournal({ directory, owner: createOwner() });
  journal.append(...records);
  journal.close();
  const into = join(directory, 'csv');
  const files = await exportCsv({ directory, into, ...more });
  const text = (table: TableName): string => readFileSync(join(into, `${table}.csv`), 'utf8');
  return { into, files, text };
}

async function imported(path: string, table?: TableName): Promise<Row<ArchivedTableName>[]> {
  const rows: Row<ArchivedTableName>[] = [];
  for await (const { row } of importCsv({ path, ...(table === undefined ? {} : { table }) })) rows.push(row);
  return rows;
}

/** The values of a row without those that are missing. */
const told = ({ table, values }: Row<ArchivedTableName>) => ({
  table,
  values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)),
});

describe('exporting from the journal alone', () => {
  it('writes one file for each table with exactly its columns, readable by its owner only (S3.12)', async () => {
    const { into, files, text } = await exported([]);
    expect(files.map(({ table, rows }) => [table, rows])).toEqual(Object.keys(tables).map((name) => [name, 0]));
    for (const { name, columns } of Object.values(tables)) {
      expect(text(name)).toBe(`${columns.map((column) => column.name).join(',')}\n`);
    }
    expect(readdirSync(into).map((name) => statSync(join(into, name)).mode & 0o777)).toEqual([
      0o600, 0o600, 0o600, 0o600, 0o600,
    ]);
  });

  it('never shifts a column, whichever fields a record has', async () => {
    const records = [
      createEvent(1, { userId: 'u', details: '{"a":1}' }),
      createEvent(2, { reason: '', message: 'a,"b"\n' }),
      createRequest(3, { route: '/files/:id' }),
      createStart(4),
      createEnd(5, { output: '[]' }),
    ];
    const { into } = await exported(records);
    const rows = (
      await Promise.all((Object.keys(tables) as TableName[]).map((name) => imported(join(into, `${name}.csv`))))
    ).flat();
    const expected = records.flatMap((record) => rowsOf(record, createOwner()));
    const appended = (row: Row<ArchivedTableName>): boolean => archivedTables[row.table].key.length === 0;
    const jsonb = (row: Row) => ({
      ...told(row),
      values: {
        ...told(row).values,
        ...(row.values.details ? { details: toJsonbText(String(row.values.details)) } : {}),
      },
    });
    expect(rows.filter(appended).map(told)).toEqual(expected.filter(appended).map(jsonb));
  });

  it('makes one row of a unit of all that the journal tells of it', async () => {
    const progress = createEvent(2, {
      unit: 'step',
      done: 5,
      total: 9,
      at: sampleTime + 700,
      version: sampleTime + 700,
    });
    const { into } = await exported([createStart(1, { input: '{"n": 1}' }), progress, createEnd(1, { done: 9 })]);
    const [row, ...others] = await imported(join(into, 'task_progress.csv'));
    expect(others).toEqual([]);
    expect(row?.values).toMatchObject({
      status: 'SUCCESS',
      done: 9,
      total: 9,
      input_data: '{"n": 1}',
      created_at: sampleTime + 1,
      ended_at: sampleTime + 1_501,
    });
  });

  it('makes no row of progress whose unit is not told of', async () => {
    const { files } = await exported([createEvent(2, { unit: 'step', done: 5 })], { tables: ['task_progress'] });
    expect(files).toMatchObject([{ table: 'task_progress', rows: 0 }]);
  });

  it('leaves out what lies before the given time', async () => {
    const { files } = await exported(
      [createEvent(1), createEvent(2), createEvent(3), createStart(1), createStart(4, { spanId: '00000000000000ff' })],
      {
        since: sampleTime + 2,
      },
    );
    expect(Object.fromEntries(files.map(({ table, rows }) => [table, rows]))).toEqual({
      audit_log: 2,
      api_logs: 0,
      task_progress: 1,
      import_sessions: 0,
      import_items: 2,
    });
  });

  it('tells NULL from the empty string, there and back', async () => {
    const records = nasty.map((reason, seq) => createEvent(seq, { reason, category: reason }));
    const { into, text } = await exported([...records, createEvent(99, { userId: '' })]);
    const rows = await imported(join(into, 'audit_log.csv'));
    expect(rows.slice(0, -1).map(({ values }) => [values.reason, values.category, values.user_id])).toEqual(
      nasty.map((value) => [value, value, null]),
    );
    expect(rows.at(-1)?.values.user_id).toBe('');
    expect(text('audit_log')).toContain(',"",');
  });

  it('ends when it is told to', async () => {
    await expect(exported([createEvent(1)], { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });
});

describe('what is written, held against Postgres', () => {
  const database = useDatabase();
  let client: pg.Client;
  beforeAll(async () => {
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query("set timezone = 'UTC'");
  });
  afterAll(() => client.end());

  const asPostgres = async (texts: readonly string[], type: ColumnType): Promise<string[]> => {
    const { rows } = await client.query<{ text: string }>(
      `select cell::${type}::text as text from unnest($1::text[]) with ordinality as t (cell, n) order by n`,
      [texts],
    );
    return rows.map(({ text }) => text);
  };

  it('prints jsonb as Postgres does (S3.13)', async () => {
    const storable = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\u0000', ''));
    const value = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 4 });
    const samples = fc.sample(
      fc.oneof(
        value,
        fc.dictionary(
          storable,
          fc.oneof(storable, fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 })),
        ),
      ),
      500,
    );
    const texts = samples.map((sample) => JSON.stringify(sample)).filter((text) => !text.includes('\\u0000'));
    expect(texts.map(toJsonbText)).toEqual(await asPostgres(texts, 'jsonb'));
  });

  it('prints durations as Postgres does, and every double so that it reads back', async () => {
    const durations = [...fc.sample(fc.maxSafeNat(), 500), 0, 1, 10, 99, 1_250].map((micros) => micros / 1_000);
    const edges = [-0, 1e14, 1e15, 1e-4, 1e-5, 1.5e-5, 1e21, 0.1, 5e-324, Number.NaN, Number.POSITIVE_INFINITY];
    const texts = [...durations, ...edges].map((value) => toCellText(value, 'double precision') ?? '');
    expect(texts).toEqual(await asPostgres(texts, 'double precision'));
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(parseCellText(toCellText(value, 'double precision'), 'double precision')).toEqual({ cell: value });
      }),
    );
  });

  it('prints times as Postgres does, and reads them back', async () => {
    const micros = [
      ...fc.sample(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), 200),
      0,
      1,
      1_000_000,
      sampleTime,
      -1,
    ];
    const { rows } = await client.query<{ text: string }>(
      `select ('1970-01-01T00:00:00Z'::timestamptz + n * interval '1 microsecond')::text as text from unnest($1::bigint[]) as n`,
      [micros],
    );
    const texts = micros.map((value) => toCellText(value, 'timestamptz'));
    expect(texts).toEqual(rows.map(({ text }) => text));
    expect(texts.map((text) => parseCellText(text, 'timestamptz'))).toEqual(micros.map((cell) => ({ cell })));
  });

  it('is byte for byte what copy makes of the same rows', async () => {
    const records = nasty.map((reason, seq) =>
      createEvent(seq, {
        reason,
        message: reason,
        details: '{"b": [1, {"aa":null}], "a":"x\\u000a"}',
        durationMillis: seq / 7,
        actions: ['look', 'retry'],
      }),
    );
    const requests = nasty.map((endpoint, number) =>
      createRequest(number, { endpoint, requestHeader: '{"accept":"*/*"}' }),
    );
    const { into, text } = await exported([...records, ...requests, createRequest(99)]);
    for (const name of ['audit_log', 'api_logs'] as const) {
      const columns = tables[name].columns.map((column) => column.name).join(', ');
      await client.query(`create temporary table copied as select ${columns} from spanledger.${name} limit 0`);
      await pipeline(
        createReadStream(join(into, `${name}.csv`)),
        client.query(copyFrom(`copy copied (${columns}) from stdin (format csv, header)`)),
      );
      const back = client.query(copyTo(`copy copied (${columns}) to stdout (format csv, header)`));
      let output = '';
      back.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
      await once(back, 'end');
      expect(output).toBe(text(name));
      await client.query('drop table copied');
    }
  });
});

describe('importing a CSV file', () => {
  function file(name: string, text: string): string {
    const path = join(createPlace(), name);
    writeFileSync(path, text);
    return path;
  }

  it('takes columns in any order, an identity column of append-only tables, a byte-order mark and CRLF', async () => {
    const path = file('audit_log.csv', '﻿id,message,created_at\r\n7,hello,2025-11-22T05:22:00.123456+02:00\r\n');
    expect(await imported(path)).toEqual([
      { table: 'audit_log', values: { message: 'hello', created_at: sampleTime } },
    ]);
  });

  it('keeps what is there where an upserted row has an empty cell, but the end of what runs is told', async () => {
    const path = file('import_sessions.csv', 'id,state,total,ended_at,version\nlocal-7,processing,,,5\n');
    expect(await imported(path)).toEqual([
      { table: 'import_sessions', values: { id: 'local-7', state: 'processing', ended_at: null, version: 5 } },
    ]);
  });

  it.each([
    ['an unknown column', 'audit_log.csv', 'created_at,colour\n', 'no column colour'],
    ['a column twice', 'audit_log.csv', 'created_at,level,level\n', 'level comes twice'],
    ['no key', 'import_items.csv', 'id,state\n', 'session_id is missing'],
    ['no time', 'audit_log.csv', 'level,message\n', 'created_at is missing'],
    ['the identity of an upserted table', 'task_progress.csv', 'id,trace_id,span_id\n', 'no column id'],
    ['nothing at all', 'audit_log.csv', '', 'empty'],
    ['a name of no table', 'people.csv', 'created_at\n', 'name the table'],
  ])('refuses a header with %s', async (_, name, text, why) => {
    await expect(imported(file(name, text))).rejects.toMatchObject({
      code: 'SPANLEDGER_CSV_HEADER_INVALID',
      message: expect.stringContaining(why),
    });
  });

  it.each([
    [
      'a time',
      'audit_log.csv',
      'created_at\n2025-11-22 03:22:00+00\nyesterday\n',
      'line 3, column created_at: "yesterday" is no timestamptz',
    ],
    [
      'a whole number',
      'audit_log.csv',
      'created_at,seq\n2025-11-22 03:22:00+00,1.5\n',
      'line 2, column seq: "1.5" is no integer',
    ],
    ['an integer that fits', 'audit_log.csv', 'created_at,seq\n2025-11-22 03:22:00+00,2147483648\n', 'is no integer'],
    ['an id', 'audit_log.csv', 'created_at,trace_id\n2025-11-22 03:22:00+00,abc\n', '"abc" is no uuid'],
    ['JSON', 'audit_log.csv', 'created_at,details\n2025-11-22 03:22:00+00,{a}\n', 'is no jsonb'],
    ['as many cells as columns', 'audit_log.csv', 'created_at,level\n2025-11-22 03:22:00+00\n', 'line 2'],
    ['a closing quote', 'audit_log.csv', 'created_at,level\n2025-11-22 03:22:00+00,"x\n', 'Quote'],
  ])('refuses a row without %s, and says where', async (_, name, text, why) => {
    await expect(imported(file(name, text))).rejects.toMatchObject({
      code: 'SPANLEDGER_CSV_ROW_INVALID',
      message: expect.stringContaining(why),
    });
  });

  it('says that a file is not there', async () => {
    await expect(imported(join(createPlace(), 'audit_log.csv'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
