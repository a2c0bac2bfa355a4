import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../faults/until.ts';
import { useDatabase } from '../harness/database.ts';
import { get, last, post, type Talk, talk } from '../instrument/talk.ts';
import { type ExampleService, startExample } from './example-service.ts';

const root = join(import.meta.dirname, '..', '..');
const database = useDatabase();
const other = useDatabase('empty');
let plain: ExampleService;
let recorded: ExampleService;
let reader: pg.Client;
beforeAll(async () => {
  [plain, recorded] = await Promise.all([
    startExample({ example: 'web-api', flags: [], env: { SHOP_DATABASE_URL: other.url } }),
    startExample({
      example: 'web-api',
      flags: ['--import', 'spanledger/register'],
      env: { SHOP_DATABASE_URL: database.url, DATABASE_URL: database.url },
    }),
  ]);
  reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
});
afterAll(() => reader.end());

const correlation = /^x-correlation-id: ([0-9a-f]{32})\r\n/gim;
const talks: Readonly<Record<string, Talk>> = {
  'a month that is closed': { send: [post('/months/2026-01/closing', '{"currency":"USD"}'), '{"currency":"USD"}'] },
  'its invoices, and requests in a pipeline': {
    send: [get('/months/2026-01/invoices') + get('/months/2026-05/invoices') + get('/nowhere', last)],
  },
  'a month that fails': { send: [post('/months/2026-02/closing', '{}'), '{}'] },
  'a mistake of the client': { send: [post('/months/spring/closing', '{}'), '{}'] },
  'no JSON at all': { send: [post('/months/2026-03/closing', '{'), '{'] },
};

it.each(Object.entries(talks))('gives its clients the same bytes as without the flag: %s', async (_, exchange) => {
  const [before, after] = await Promise.all([talk(plain.port, exchange), talk(recorded.port, exchange)]);
  expect(before).toMatch(/^HTTP\/1\.1 (?:200|201|400|500) /);
  expect(after.match(correlation)).toHaveLength(before.match(/HTTP\/1\.1 \d/g)?.length ?? 0);
  expect(after.replaceAll(correlation, '')).toBe(before);
});

it('leads from a 500 to the step that failed by the one query of its page', async () => {
  const query = readFileSync(join(root, 'examples', 'web-api', 'README.md'), 'utf8').match(/```sql\n([^`]*)```/)?.[1];
  expect(readFileSync(join(root, 'docs', 'sql-recipes.md'), 'utf8')).toContain(query);
  const answer = await talk(recorded.port, { send: [post('/months/2026-02/closing', '{}'), '{}'] });
  const traceId = [...answer.matchAll(correlation)][0]?.[1];
  const ask = async () => (await reader.query((query ?? '').replace(":'trace_id'", '$1'), [traceId])).rows;
  await until('the request and its steps', 20_000, async () => (await ask()).length === 3);
  expect((await ask()).map((row) => [row.endpoint, row.response_status, row.step_name, row.status, row.error_message]))
    // The failing step first, what it made fail after it, then what went well.
    .toEqual([
      ['/months/2026-02/closing', 500, 'convertOrders', 'FAILED', 'There is no exchange rate for CHF.'],
      ['/months/2026-02/closing', 500, 'close month', 'FAILED', 'There is no exchange rate for CHF.'],
      ['/months/2026-02/closing', 500, 'collectOrders', 'SUCCESS', null],
    ]);
});

it('says and returns what it does without the flag', async () => {
  const [before, after] = await Promise.all([plain.stop(), recorded.stop()]);
  // One more failure was asked of the one that is recorded.
  const failure = 'POST /months/2026-02/closing: There is no exchange rate for CHF.\n';
  expect(before).toMatchObject({ code: 0, stdout: 'listening on PORT\n' });
  expect(after).toEqual({ ...before, stderr: before.stderr + failure });
});
