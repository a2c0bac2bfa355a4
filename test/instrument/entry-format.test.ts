import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { beginsAsCommonJs } from '../../src/instrument/entry-format.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanledger-entry-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function entry(name: string, text: string, manifest: string): string {
  writeFileSync(join(directory, 'package.json'), manifest);
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

it.each([
  ['main.cjs', 'require("node:http");', '{"type":"module"}', true],
  ['main.mjs', '', '{"type":"commonjs"}', false],
  ['main.js', 'import "node:http";', '{"type":"module"}', false],
  ['main.js', 'import("node:http");', '{"type":"commonjs"}', true],
  ['main.js', 'const http = require("node:http");', '{}', true],
  ['main.js', '// words\nimport http from "node:http";', '{}', false],
  ['main.js', 'export const one = 1;', '{}', false],
])('tells of %s with %s in it, in a package %s: CommonJS %s', (name, text, manifest, is) => {
  expect(beginsAsCommonJs(entry(name, text, manifest))).toBe(is);
});

it('trusts nothing that it cannot read', () => {
  expect(beginsAsCommonJs(undefined)).toBe(false);
  writeFileSync(join(directory, 'package.json'), '{}');
  expect(beginsAsCommonJs(join(directory, 'gone.js'))).toBe(false);
});
