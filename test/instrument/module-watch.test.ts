import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { watchAllFiles, watchFiles } from '../../src/instrument/module-watch.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanledger-modules-'));
const packageDirectory = join(directory, 'node_modules', 'watched');
mkdirSync(packageDirectory, { recursive: true });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function moduleOf(name: string, code: string): string {
  const path = join(packageDirectory, name);
  writeFileSync(path, code);
  return path;
}

const require = createRequire(import.meta.url);

test('shows the exports of a file and lets others take their place', () => {
  const seen: unknown[] = [];
  watchFiles(new Set(['watched']), ({ path }, exports) => {
    seen.push([basename(path), exports]);
    return basename(path) === 'plain.js' ? { replaced: exports } : exports;
  });
  expect(require(moduleOf('plain.js', 'module.exports = { plain: 1 };'))).toEqual({ replaced: { plain: 1 } });
  expect(seen).toEqual([['plain.js', { plain: 1 }]]);
});

test('leaves exports alone that are made when they are asked for, and those that cannot be set', () => {
  const seen: string[] = [];
  const note = (path: string, exports: unknown) => {
    seen.push(path);
    return exports;
  };
  const code = `let asked = 0; Object.defineProperty(module, 'exports', { get: () => ({ asked: (asked += 1) }) });`;
  const { asked } = require(moduleOf('plainly.js', code));
  watchFiles(new Set(['watched']), ({ path }, exports) => note(path, exports));
  watchAllFiles(note);
  const lazy = moduleOf('lazy.js', code);
  const fixed = moduleOf(
    'fixed.js',
    `Object.defineProperty(module, 'exports', { value: { fixed: true }, writable: false });`,
  );
  expect(require(lazy)).toEqual({ asked });
  expect(require(fixed)).toEqual({ fixed: true });
  expect(seen).toEqual([fixed, fixed]);
});
