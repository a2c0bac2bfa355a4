import { join } from 'node:path';
import { expect, it } from 'vitest';
import { moduleNameOf, packageFileOf, packageVersionIn } from '../../src/instrument/package-file.ts';

it.each([
  ['/app/node_modules/express/lib/router.js', 'express', '/app/node_modules/express'],
  ['/app/node_modules/@koa/router/index.js', '@koa/router', '/app/node_modules/@koa/router'],
  ['/app/node_modules/a/node_modules/b/c.js', 'b', '/app/node_modules/a/node_modules/b'],
  ['/app/node_modules/.pnpm/pg@8/node_modules/pg/lib/index.js', 'pg', '/app/node_modules/.pnpm/pg@8/node_modules/pg'],
])('finds the package of %s', (path, name, directory) => {
  expect(packageFileOf(path)).toEqual({ name, directory, path });
});

it.each([['/app/src/express.js'], ['/app/node_modules/file.js'], ['/app/node_modules/@scope/file.js']])(
  'finds no package of %s',
  (path) => {
    expect(packageFileOf(path)).toBeUndefined();
  },
);

it('knows the main file of a package by the name of the package, and others by their path', () => {
  const directory = join(import.meta.dirname, '..', '..', 'node_modules', 'pg');
  const nameOf = (...path: string[]) => moduleNameOf({ name: 'pg', directory, path: join(directory, ...path) });
  expect(nameOf('lib', 'index.js')).toBe('pg');
  expect(nameOf('lib', 'client.js')).toBe('pg/lib/client.js');
  expect(packageVersionIn(directory)).toMatch(/^8\./);
  expect(packageVersionIn('/nowhere')).toBeUndefined();
});
