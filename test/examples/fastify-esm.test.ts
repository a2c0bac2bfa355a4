import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../faults/until.ts';
import { useDatabase } from '../harness/database.ts';
import { get, last, post, type Talk, talk } from '../instrument/talk.ts';
import { type ExampleService, startExample } from './example-service.ts';

const page = join(import.meta.dirname, '..', '..', 'examples', 'fastify-esm', 'README.md');
const database = useDatabase();
let plain: ExampleService;
let recorded: ExampleService;
let reader: pg.Client;
beforeAll(async () => {
  [plain, recorded] = await Promise.all([
    startExample({ example: 'fastify-esm', flags: [] }),
    startExample({
      example: 'fastify-esm',
      flags: ['--import', 'spanledger/register'],
      env: { DATABASE_URL: database.url },
    }),
  ]);
  reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
});
afterAll(() => reader.end());

const shift = 'X-Correlation-ID: shift-7\r\n';
const announce = '{"number":"P1","weight":2}';
const move = '{"place":"depot"}';
const put = (path: string, more = '') => post(path, move, more + last).replace('POST', 'PUT');
const talks: Readonly<Record<string, Talk>> = {
  'a parcel that is announced': { send: [post('/parcels', announce), announce] },
  'a parcel that is found, and one that is not, in a pipeline': {
    send: [get('/parcels/P1') + get('/parcels/P9') + get('/nowhere', last)],
  },
  'a parcel that is moved': { send: [put('/parcels/P1/place', shift), move] },
  'a failure': { send: [put('/parcels/P2/place', shift), move] },
  'a body against the schema': { send: [post('/parcels', '{}'), '{}'] },
  HEAD: { send: [get('/parcels/P1', last).replace('GET', 'HEAD')] },
};

const correlation = /^x-correlation-id: \S+\r\n/gim;

it.each(Object.entries(talks))('gives its clients the same bytes as without the flag: %s', async (_, exchange) => {
  const [before, after] = await Promise.all([talk(plain.port, exchange), talk(recorded.port, exchange)]);
  expect(before).toMatch(/^HTTP\/1\.1 (?:200|201|400|500) /);
  expect(after.match(correlation)).toHaveLength(before.match(/HTTP\/1\.1 \d/g)?.length ?? 0);
  expect(after.replaceAll(correlation, '')).toBe(before);
});

it('has the requests of a correlation id with their routes, and every line beside them, by the query of its page', async () => {
  const query = readFileSync(page, 'utf8').match(/```sql\n([^`]*)```/)?.[1] ?? '';
  const ask = async () => (await reader.query(query.replace(":'correlation_id'", '$1'), ['shift-7'])).rows;
  await until('two requests with three lines each', 20_000, async () => (await ask()).length === 6);
  const rows = await ask();
  const route = ['PUT', '/parcels/:number/place'];
  expect(
    rows.map(({ method, route: found, response_status, level, message }) => [
      method,
      found,
      response_status,
      level,
      message,
    ]),
  ).toEqual([
    [...route, 200, 'info', 'incoming request'],
    [...route, 200, 'warning', 'parcel moved'],
    [...route, 200, 'info', 'request completed'],
    [...route, 500, 'info', 'incoming request'],
    [...route, 500, 'error', 'Parcel P2 was never announced.'],
    [...route, 500, 'info', 'request completed'],
  ]);
  expect(rows[1].details).toMatchObject({ parcel: 'P1', place: 'depot' });
  expect(rows[4].error_message).toBe('Parcel P2 was never announced.');
});

it('has no line and no request that belongs to nothing', async () => {
  const counts = async () =>
    (
      await reader.query(
        `select (select count(*)::int from spanledger.api_logs) as requests,
          (select count(*)::int from spanledger.audit_log where event = 'log' and correlation_id is null) as apart,
          (select count(*)::int from spanledger.audit_log l where event = 'log' and correlation_id is not null
            and not exists (select from spanledger.api_logs r where r.trace_id = l.trace_id)) as lost`,
      )
    ).rows[0];
  // All but the line of its start belong to a request.
  await until('all of the eight requests', 20_000, async () => (await counts()).requests === 8);
  expect(await counts()).toEqual({ requests: 8, apart: 1, lost: 0 });
});

it('prints what it does without the flag', async () => {
  const [before, after] = await Promise.all([plain.stop(), recorded.stop()]);
  const alike = (text: string) =>
    text.replaceAll(/"(time|pid|remotePort|responseTime)":[\d.]+/g, '"$1":0').replaceAll(/\(file:[^)]*\)/g, '()');
  expect(alike(before.stdout).split('\n').length).toBeGreaterThan(17);
  expect({ ...after, stdout: alike(after.stdout) }).toEqual({ ...before, stdout: alike(before.stdout) });
  expect(before).toMatchObject({ code: 0, stderr: '' });
});
