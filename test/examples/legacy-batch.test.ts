import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/projection/record.ts';
import { scanRecords } from '../register/journalled-records.ts';

const root = join(import.meta.dirname, '..', '..');
let ledger = '';
beforeEach(() => {
  ledger = mkdtempSync(join(tmpdir(), 'spanledger-batch-'));
});
afterEach(() => rmSync(ledger, { recursive: true, force: true, maxRetries: 3 }));

/** `register` as a program of this package finds it, and as one from elsewhere does. */
const byName = 'spanledger/register';
const byUrl = pathToFileURL(join(root, 'dist/register/register.js')).href;

function run(directory: string, script: string, register?: string) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SPANLEDGER_|OTEL_|DATABASE_URL$|NODE_OPTIONS$|VITEST)/.test(name),
  );
  const flags = register === undefined ? [] : ['--import', register];
  const env = { ...Object.fromEntries(inherited), SPANLEDGER_DIR: ledger };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, script], {
    cwd: directory,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function rowsOf(records: readonly LedgerRecord[]) {
  const told = records.map((record) => JSON.stringify(record));
  return (...parts: readonly string[]) => told.filter((text) => parts.every((part) => text.includes(part))).length;
}

it('records a CommonJS batch by its spanledger.yaml alone, and changes nothing of it', {
  timeout: 120_000,
}, async () => {
  const directory = join(root, 'examples', 'legacy-batch');
  const bare = run(directory, 'main.cjs');
  const recorded = run(directory, 'main.cjs', byName);
  expect(bare).toMatchObject({ status: 3, stderr: '' });
  expect(recorded).toEqual(bare);
  const count = rowsOf(await scanRecords(ledger));
  expect(count('import.session.complete', 'night-2026-03-01', '2 imported, 1 skipped, 1 failed')).toBeGreaterThan(0);
  expect(count('repeats A-1', 'skipped', 'A-1b')).toBeGreaterThan(0);
  expect(count('order A-3 has no lines', 'failed')).toBeGreaterThan(0);
  expect(count('OrderBook.add')).toBeGreaterThan(0);
});

it('records ES modules: a default export, an inherited method, a generator, and CommonJS imported by default', {
  timeout: 120_000,
}, async () => {
  const directory = join(import.meta.dirname, 'fixtures', 'esm-batch');
  const bare = run(directory, 'main.mjs');
  const recorded = run(directory, 'main.mjs', byUrl);
  expect(bare).toEqual({ status: 0, stdout: '["monday A","monday C"]\n', stderr: '' });
  expect(recorded).toEqual(bare);
  const count = rowsOf(await scanRecords(ledger));
  expect(count('import.session.complete', 'monday', '2 imported, 1 skipped, 0 failed')).toBeGreaterThan(0);
  expect(count('importEach')).toBeGreaterThan(0);
  expect(count('enter a')).toBeGreaterThan(0);
});
