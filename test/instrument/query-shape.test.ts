import { expect, it } from 'vitest';
import { queryShape } from '../../src/instrument/query-shape.ts';

it.each([
  ['select * from orders where id = $1', 'SELECT', 'SELECT orders'],
  ['  SELECT extract(epoch from now()) as t from "Shop"."Orders" o join x on true', 'SELECT', 'SELECT "Shop"."Orders"'],
  ['(select 1 from a) union (select 2 from b)', 'SELECT', 'SELECT a'],
  ['select now()', 'SELECT', 'SELECT'],
  ['select * from generate_series(1, 10)', 'SELECT', 'SELECT'],
  ['-- a note\ninsert into shop.orders (a) values (1)', 'INSERT', 'INSERT shop.orders'],
  ['update only stock set n = n - 1', 'UPDATE', 'UPDATE stock'],
  ['delete from stock using x', 'DELETE', 'DELETE stock'],
  ['merge into a using b on true when matched then do nothing', 'MERGE', 'MERGE a'],
  ['truncate table a, b', 'TRUNCATE', 'TRUNCATE a'],
  ['copy t (a) from stdin', 'COPY', 'COPY t'],
  ['with x as (select 1) select * from x', 'WITH', 'WITH'],
  ['begin', 'BEGIN', 'BEGIN'],
  ['create table t (id int)', 'CREATE', 'CREATE'],
])('%s is %s: %s', (sql, operation, summary) => {
  expect(queryShape(sql)).toMatchObject({ operation, summary });
});

it('names nothing where the statement begins with no word of SQL', () => {
  for (const sql of ['', '   ', 'constructor x', '12', 'secret_password_here from x']) {
    const { operation, summary } = queryShape(sql);
    expect([sql, operation, summary]).toEqual([sql, undefined, undefined]);
  }
});

it('tells no literal, and of a statement of megabytes only its beginning', () => {
  expect(queryShape("select * from users where name = 'Ann' and pin = 4711").text).toBe(
    'select * from users where name = ? and pin = ?',
  );
  const values = Array.from({ length: 200_000 }, (_, id) => `(${id}, 'name ${id}')`).join(', ');
  const begin = performance.now();
  const { summary, text } = queryShape(`insert into users values ${values}`);
  expect(performance.now() - begin).toBeLessThan(1_000);
  expect([summary, text.length < 9_000, text.includes('name')]).toEqual(['INSERT users', true, false]);
});
