import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSanitizer } from '../../src/storable/sanitizer.ts';
import { useDatabase } from '../harness/database.ts';

describe('Postgres', () => {
  const database = useDatabase('empty');
  const sanitizer = createSanitizer();
  let client: pg.Client;

  beforeAll(async () => {
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(() => client.end());

  it('takes the JSON of anything as jsonb, and any text as text', async () => {
    const samples = fc.sample(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withUnicodeString: true }),
      400,
    );
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 50 }), 400);
    const json = [...samples, ...texts, { 'k\0\ud800': '\0\udc00' }, '\ud83d', 1e308, 5e-324].map((value) =>
      sanitizer.json(value),
    );
    const plain = texts.map((text) => sanitizer.text(text));
    const stored = await client.query<{ value: unknown }>('select value::jsonb from unnest($1::text[]) as t(value)', [
      json,
    ]);
    expect(stored.rows.map((row) => row.value)).toEqual(json.map((text) => JSON.parse(text)));
    const kept = await client.query<{ value: string }>('select value from unnest($1::text[]) as t(value)', [plain]);
    expect(kept.rows.map((row) => row.value)).toEqual(plain);
  });

  it('refuses what the sanitizer replaces, so that the replacement is needed', async () => {
    await expect(client.query('select \'"\\u0000"\'::jsonb')).rejects.toMatchObject({ code: '22P05' });
    await expect(client.query('select \'"\\ud800"\'::jsonb')).rejects.toMatchObject({ code: '22P02' });
    await expect(client.query('select $1::text', ['a\0b'])).rejects.toMatchObject({ code: '22021' });
  });
});
